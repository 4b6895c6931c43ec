"""Count: how many pairs of the pool hold each entry."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["count", *sys.argv[1:]]))

from jobs.console.commands.curation import COUNT
from jobs.console.run_job import open_run
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from jobs.steps.counting import count_stage
from jobs.steps.given_counts import loaded_entries
from udfs.fingerprint import check_list_column
from udfs.stages import Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    source = open_source(inputs[0], (Stage.POOL, Stage.MATCHED), ("entry_ids",))
    lists = loaded_entries(settings.entries.metadata, inputs[0], source.matched_with)
    check_list_column(
        source.columns, source.matched_with, by_language=lists.by_language, pairs=inputs[0], entries=lists.source
    )
    identity = {"metadata": lists.fingerprint, "source": source.identity}
    run_folder = open_run(COUNT, settings, identity, reads=inputs)
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "count", paths) as spark, run_folder.writing():
            count_stage(spark, run_folder, source.frame(spark), lists)
    return run_folder
