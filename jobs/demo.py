"""Demo: generate a sample WARC and a sample WAT of other pages, curate both, and say what came out and where."""

from collections.abc import Sequence
from pathlib import Path

from jobs import curate
from jobs.console.command import Parser, guarded, print_result
from jobs.sample import write_sample
from jobs.settings.flags import resolve
from jobs.spark.java import find_java
from jobs.spark.progress import say
from udfs.errors import UsageError

PURPOSE = "generate a small web, curate it, and show what came out"
DEFAULT_OUT = "ballast-demo"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = command_parser().parse_args(argv)
    return guarded(lambda: _demo(Path(arguments.out)), debug=False)


def command_parser() -> Parser:
    parser = Parser(prog="ballast demo", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    parser.add_argument("--out", metavar="DIR", default=DEFAULT_OUT, help=f"folder to write (default: {DEFAULT_OUT})")
    return parser


def _demo(out: Path) -> None:
    inputs, result = out / "inputs", out / "curated"
    _refuse_others(out, {inputs.name, result.name})
    _refuse_others(inputs, {f"{name}.warc{kind}.gz" for name in ("pages", "more") for kind in ("", ".wat")})
    java = find_java()
    say(f"Java {java.version}, from {java.source}")
    inputs.mkdir(parents=True, exist_ok=True)
    warc, _ = write_sample(inputs / "pages.warc.gz", 400, 1, wat=True)
    _, wat = write_sample(inputs / "more.warc.gz", 200, 2, wat=True)
    paths = [str(warc), str(wat)]
    parser = Parser()
    curate.JOB.add_arguments(parser)
    settings = resolve("curate", parser.parse_args([*paths, "--out", str(result), "--overwrite"]))
    say(f"ballast curate {' '.join(paths)} --out {result}")
    run_folder = curate.execute(paths, settings)
    print_result(curate.JOB, paths, settings, run_folder)
    print(
        "\nThe packaged entries are WordNet's names only. The paper's three other sources (Wikipedia's words, word\n"
        "pairs and titles) are not in it: no 'of', 'the' or 'photo'. So figures differ from those of the paper's list."
    )


def _refuse_others(folder: Path, own: set[str]) -> None:
    """Raise `UsageError` for a folder that holds something that the demo did not write."""
    if folder.exists() and not (folder.is_dir() and {path.name for path in folder.iterdir()} <= own):
        raise UsageError(f"{folder}: holds files that are not the demo's: name a new or empty folder")
