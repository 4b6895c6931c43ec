"""Sample: write a small generated web as a WARC, and optionally the WAT of its pages."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["sample", *sys.argv[1:]]))

import argparse
import json
import os
from pathlib import Path

from jobs.console.commands.samples import DEFAULT_PAGES
from jobs.console.result import Result
from jobs.settings.settings import Settings
from udfs.errors import UsageError
from udfs.sample.archive import name_wat, write_warc, write_wat
from udfs.sample.words import entry_lists


def make_sample(arguments: argparse.Namespace, settings: Settings) -> Result:
    out = Path(arguments.out)
    if not out.name.endswith((".warc.gz", ".warc")):
        raise UsageError(f"{out}: the name must end in .warc.gz or .warc")
    if arguments.pages < 1:
        raise UsageError(f"--pages {arguments.pages}: must be at least 1")
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder: make it first")
    written = write_sample(out, arguments.pages, arguments.seed, wat=arguments.wat)
    if arguments.lists is not None:
        written += write_lists(arguments.lists)
    files = [{"path": str(path), "bytes": path.stat().st_size} for path in written]
    return Result({"files": files}, lambda _: [f"{file['path']}  {file['bytes']:,} bytes" for file in files])


def write_lists(folder: str | os.PathLike[str]) -> list[Path]:
    """Write a list of entries for each of six languages of the sample web, as `--metadata` takes them.

    Returns the files written. Raises `UsageError` where the folder cannot be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--lists {folder}: {error.strerror or error}") from error
    written = []
    for code, entries in entry_lists().items():
        written.append(Path(folder, f"{code}.json"))
        written[-1].write_text(json.dumps(entries, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    return written


def write_sample(
    out: str | os.PathLike[str], pages: int = DEFAULT_PAGES, seed: int = 0, *, wat: bool = False
) -> list[Path]:
    """Write a small generated web as a WARC (.warc.gz or .warc) and, with `wat`, the WAT of its pages beside it.

    The same pages and seed give the same bytes. Returns the files written.
    """
    out = Path(out)
    records = write_warc(out, pages, seed)
    if not wat:
        return [out]
    wat_path = Path(name_wat(out))
    write_wat(wat_path, out, records, seed)
    return [out, wat_path]
