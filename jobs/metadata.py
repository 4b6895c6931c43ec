"""Metadata: import a list of entries, show what it holds, compare two. Needs Spark only for Hadoop's file systems."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["metadata", *sys.argv[1:]]))

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.console.next_steps import next_of_list
from jobs.console.result import Result
from jobs.entries.entry_list import check_out, manifest_of, manifest_path, write_list
from jobs.entries.fetch import fetch_list
from jobs.entries.folder_lines import describe_folder, folder_lines
from jobs.entries.list_lines import headline, list_written, report_unmatchable, source_lines
from jobs.runs.language_model import load_language_model
from jobs.runs.open_storage import is_list_folder, load_lists, load_metadata
from jobs.settings.settings import Settings
from jobs.spark.early_session import session_for
from jobs.spark.progress import say, warn
from metadata.describe import describe, difference
from metadata.entries import EntryList, load_entries
from metadata.spacing import normalize_entry
from udfs.captions.language import known_languages
from udfs.errors import UsageError, shortened
from udfs.matching.boundaries import Boundaries
from udfs.storage.addresses import HADOOP, kind_of


def import_list(arguments: argparse.Namespace, settings: Settings) -> Result:
    if arguments.out is not None:
        check_out(arguments.out)
    _refuse_folder(arguments.file)
    original = load_entries(arguments.file, dedup=arguments.dedup)
    entries = list(original.entries)
    if arguments.normalize_entries:
        entries = list(dict.fromkeys(filter(None, map(normalize_entry, entries))))
        say(f"{original.size - len(entries):,} entries left out: when spaced, they were empty or equal to others")
    if looks_commented := [entry for entry in entries if entry.startswith("# ")]:
        say(
            f"{len(looks_commented):,} entries begin with '# ', such as {shortened(looks_commented[0])}: a list of "
            "entries has no comments; remove these lines if they are comments"
        )
    imported = EntryList(tuple(entries), arguments.out or arguments.file)
    about = {
        "imported": Path(arguments.file).name,
        "imported_fingerprint": original.fingerprint,
        "deduplicated": arguments.dedup,
        "normalized": arguments.normalize_entries,
    }
    if arguments.out is None:
        manifest = manifest_of(imported, about)
        report_unmatchable(manifest["cannot_match"])
        return Result({"list": None, "manifest": None, **manifest}, lambda _: [headline(imported)])
    manifest = write_list(imported, about)
    report_unmatchable(manifest["cannot_match"])
    return list_written(imported, manifest)


def fetch(arguments: argparse.Namespace, settings: Settings) -> Result:
    listed, fetched = fetch_list(arguments.name, arguments.source, accept_license=arguments.accept_license)
    about = {
        "list": str(listed.path),
        **fetched.entries.fingerprint,
        "licence": listed.licence,
        "address": fetched.address,
        "bytes": fetched.bytes,
        "file_sha256": fetched.sha256,
        "first_seen": fetched.is_first,
    }
    return Result(about, lambda about: [headline(fetched.entries), *_fetched(about)], next=next_of_list(listed.name))


def _fetched(about: dict[str, Any]) -> list[str]:
    """Where a fetched list came from and lies, as lines for a terminal."""
    seen = "as first seen" if about["first_seen"] else "as fetched before"
    figures = {
        "licence": about["licence"],
        "address": about["address"],
        "file": about["list"],
        "bytes": f"{about['bytes']:,}",
        "SHA-256": f"{about['file_sha256']}, {seen}",
    }
    return [f"  {label:<8} {value}" for label, value in figures.items()]


def show_list(arguments: argparse.Namespace, settings: Settings) -> Result:
    paths = settings.paths(*([] if arguments.file is None else [arguments.file]))
    with session_for(settings.execution, "metadata show", paths):
        return _show(arguments, settings)


def _show(arguments: argparse.Namespace, settings: Settings) -> Result:
    if arguments.file is not None and is_list_folder(arguments.file):
        model = load_language_model(settings.parsing.language_model)
        known = known_languages() if model is None else model.labels
        lists = load_lists(arguments.file, settings.entries.boundaries)
        return Result(describe_folder(lists, known), folder_lines)
    if settings.parsing.language_model is not None:
        raise UsageError("--language-model: is for a folder of lists, not for one list: leave it out")
    entries = load_metadata(arguments.file)
    described = describe(entries.entries, Boundaries(settings.entries.boundaries or Boundaries.SPACES))
    content: dict[str, Any] = {"source": entries.source, **entries.fingerprint, **described}
    manifest = _manifest_of(entries) if arguments.file is not None else None
    content["sources"] = [] if manifest is None else manifest.get("sources", [])
    return Result(content, lambda content: _shown(content, entries))


def _shown(content: dict[str, Any], entries: EntryList) -> list[str]:
    """What a list holds, as lines for a terminal."""
    never = content["cannot_match"]
    lines = [headline(entries), *source_lines(content["sources"], entries.entries)]
    lines.append("  characters      " + ", ".join(f"{at} {chars}" for at, chars in content["characters"].items()))
    words = content["words"]
    few = [f"{count:,} of {number}" for number, count in words.items() if number <= 3]
    more = sum(count for number, count in words.items() if number > 3)
    lines.append("  words           " + ", ".join([*few, *([f"{more:,} of more"] if more else [])]))
    lines.append("  such as         " + ", ".join(map(repr, content["examples"])))
    for kind, examples_key in (("wrapped_punctuation", "wrapped_examples"), ("other", "other_examples")):
        why = "hold , . ; : ? ! or ` unspaced" if kind == "wrapped_punctuation" else "white space, or not NFC"
        examples = f": {', '.join(map(repr, never[examples_key]))}" if never[examples_key] else ""
        if kind == "wrapped_punctuation" or never[kind]:
            lines.append(f"  can never match {never[kind]:,} ({why}){examples}")
    if never["wrapped_punctuation"]:
        lines += [
            "",
            "  `ballast metadata import FILE --normalize-entries --out NEW.json` spaces these as captions are.",
        ]
    return lines


def diff_list(arguments: argparse.Namespace, settings: Settings) -> Result:
    for path in (arguments.a, arguments.b):
        _refuse_folder(path)
    a, b = load_entries(arguments.a), load_entries(arguments.b)
    diff = {**difference(a.entries, b.entries), "a_sha256": a.sha256, "b_sha256": b.sha256}
    return Result(diff, lambda diff: [f"A {headline(a)}", f"B {headline(b)}", *_differences(diff)])


def _refuse_folder(path: str) -> None:
    if kind_of(path) != HADOOP and is_list_folder(path):
        raise UsageError(f"{path}: is a folder: name one of its lists (`ballast metadata show DIR` lists them)")


def _differences(diff: dict[str, Any]) -> Iterator[str]:
    order = "the same list" if diff["equal"] else "in the same order" if diff["same_order"] else "in another order"
    yield f"  in both    {diff['both']:,}, {order}"
    for side in ("a", "b"):
        count, examples = diff[f"only_{side}"], diff[f"only_{side}_examples"]
        such = f": {', '.join(map(repr, examples))}" if examples else ""
        yield f"  only in {side.upper()}  {count:,}{such}"


def _manifest_of(entries: EntryList) -> dict[str, Any] | None:
    """The manifest beside a list, None without one; the manifest of another list is ignored, with a warning."""
    path = manifest_path(entries.source)
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("sha256") != entries.sha256:
        warn(f"{path}: is not of this list, and was ignored")
        return None
    return manifest
