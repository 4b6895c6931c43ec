"""Demo: generate a sample WARC and a sample WAT of other pages, curate both, and show the results."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["demo", *sys.argv[1:]]))

import argparse
from pathlib import Path

from jobs.console.commands.curation import CURATE
from jobs.console.result import Result
from jobs.sample import write_sample
from jobs.settings.settings import Settings
from jobs.spark.java import find_java
from jobs.spark.progress import say
from udfs.errors import UsageError

_NOTE = (
    "The packaged entries are the words of WordNet and SCOWL. The paper's list has",
    "500,000 others, so figures differ. To get the paper's list, run",
    "`ballast metadata fetch metaclip`.",
)


def run_demo(arguments: argparse.Namespace, settings: Settings) -> Result:
    out = Path(arguments.out)
    inputs, result = out / "inputs", out / "curated"
    _refuse_others(out, {inputs.name, result.name})
    _refuse_others(inputs, {f"{name}.warc{kind}.gz" for name in ("pages", "more") for kind in ("", ".wat")})
    java = find_java()
    say(f"Java {java.version}, from {java.source}")
    inputs.mkdir(parents=True, exist_ok=True)
    warc, _ = write_sample(inputs / "pages.warc.gz", 400, 1, wat=True)
    _, wat = write_sample(inputs / "more.warc.gz", 200, 2, wat=True)
    paths = [str(warc), str(wat)]
    say(f"ballast curate {' '.join(paths)} --out {result}")
    curation = CURATE.parse([*paths, "--out", str(result), "--overwrite"])
    curated = CURATE.run(curation, CURATE.resolve(curation))
    return curated._replace(text=lambda record: [*curated.text(record), "", *_NOTE])


def _refuse_others(folder: Path, own: set[str]) -> None:
    """Raise `UsageError` for a folder that contains a file that the demo did not write."""
    if folder.exists() and not (folder.is_dir() and {path.name for path in folder.iterdir()} <= own):
        raise UsageError(f"{folder}: contains files that the demo did not write: name a new or empty folder")
