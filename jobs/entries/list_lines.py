"""What the commands of lists print about a list of entries."""

from collections.abc import Sequence
from typing import Any

from jobs.console.next_steps import next_of_list
from jobs.console.result import Result
from jobs.entries.entry_list import manifest_path
from jobs.spark.progress import say
from metadata.entries import EntryList


def list_written(entries: EntryList, manifest: dict[str, Any]) -> Result:
    """The result of a command that wrote a list and its manifest."""
    files = [entries.source, str(manifest_path(entries.source))]
    return Result(
        {"list": files[0], "manifest": files[1], **manifest},
        lambda _: [headline(entries), *source_lines(manifest.get("sources", ())), "", *(f"  {path}" for path in files)],
        next=next_of_list(files[0]),
    )


def headline(entries: EntryList) -> str:
    return f"{entries.source}: {entries.size:,} entries, sha256 {entries.sha256}"


def source_lines(sources: Sequence[dict[str, Any]], entries: Sequence[str] = ()) -> list[str]:
    """One line per source: entries, and what became of the other candidates; with examples if `entries` are given."""
    lines = []
    for source in sources:
        duplicates = sum(source["duplicates"].values())
        rest = [
            f"{source['candidates']:,} candidates",
            *([f"{duplicates:,} already there"] if duplicates else []),
            *([f"{source['punctuation']:,} punctuation"] if source["punctuation"] else []),
            *([f"{source['not_needed']:,} not needed"] if source["not_needed"] else []),
        ]
        such = entries[source["first_id"] : source["first_id"] + min(3, source["taken"])]
        examples = f": {', '.join(map(repr, such))}" if such else ""
        lines.append(f"  {source['source']:<15} {source['taken']:>7,} of {', '.join(rest)}{examples}")
    return lines


def report_unmatchable(number: int) -> None:
    if number:
        say(f"{number:,} entries can never match as they stand (--normalize-entries spaces their punctuation)")
