"""Cluster: group images by their embeddings."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["cluster", *sys.argv[1:]]))

from jobs.console.commands.images import CLUSTER
from jobs.console.run_job import open_run
from jobs.images.cluster_entries import cluster_entries_stage, entry_names
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from udfs.extras import require
from udfs.stages import Stage


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    require("faiss")
    from jobs.images.cluster_images import clusters_stage

    source = open_source(inputs[0], (Stage.EMBEDDINGS,), ("uuid", "url", "embedding"))
    path = settings.embedding.scored_pairs
    pairs = counted = None
    if path is not None:
        pairs = open_source(path, (Stage.POOL, Stage.SUBSET), ("uuid", "entry_ids"))
        counted = entry_names(pairs, path)
    identity = {"source": source.identity, "pairs": pairs.identity if pairs is not None else None}
    run_folder = open_run(CLUSTER, settings, identity, reads=[*inputs, *([path] if path is not None else [])])
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "cluster", paths) as spark, run_folder.writing():
            clusters_stage(run_folder, source.frame(spark), settings.clustering.clusters, settings.draws.seed)
            if pairs is not None and counted is not None:
                cluster_entries_stage(run_folder, pairs.frame(spark), counted)
    return run_folder
