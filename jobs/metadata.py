"""Metadata: build the list of entries from its sources, import one, show what it holds, compare two."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["metadata", *sys.argv[1:]]))

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jobs.console.command import Command
from jobs.console.commands.lists import BIGRAMS, TITLES, UNIGRAMS, WORDNET
from jobs.console.next_steps import next_of_list
from jobs.console.result import Result
from jobs.entries.entry_list import build_list, check_out, manifest_of, manifest_path, write_list
from jobs.entries.sources import count_source
from jobs.settings.settings import Settings
from jobs.spark.progress import say, warn
from jobs.spark.session import spark_session
from metadata.describe import describe, difference
from metadata.entries import EntryList, load_entries
from metadata.spacing import normalize_entry
from udfs.errors import shortened
from udfs.run_json import record_fields
from udfs.stages import StageFacts
from udfs.storage.addresses import join


def build(arguments: argparse.Namespace, settings: Settings) -> Result:
    entries, manifest = build_list(settings)
    if entries.size < settings.build.size:
        say(f"the sources gave {entries.size:,} entries, fewer than --size {settings.build.size:,}")
    _report_unmatchable(manifest["cannot_match"])
    return _written(entries, manifest)


def _written(entries: EntryList, manifest: dict[str, Any]) -> Result:
    """The result of a command that wrote a list and its manifest."""
    files = [entries.source, str(manifest_path(entries.source))]
    return Result(
        {"list": files[0], "manifest": files[1], **manifest},
        lambda _: [_headline(entries), *_sources(manifest.get("sources", ())), "", *(f"  {path}" for path in files)],
        next=next_of_list(files[0]),
    )


def _count(source: Command, arguments: argparse.Namespace, settings: Settings) -> Result:
    out = settings.output.out
    with spark_session(settings.execution, source.name) as spark:
        record = count_source(spark, source, arguments.inputs, out, settings).record
    counted = [(join(out, facts.stage), _figures(facts)) for facts in record.stages.finished()]
    return Result(
        record,
        lambda _: [
            f"{path}/  {', '.join(f'{value:,} {key}' for key, value in figures.items())}" for path, figures in counted
        ],
        lambda record: {"out": out, "run": record_fields(record)},
    )


count_wordnet = partial(_count, WORDNET)
count_unigrams = partial(_count, UNIGRAMS)
count_bigrams = partial(_count, BIGRAMS)
count_titles = partial(_count, TITLES)


def _figures(facts: StageFacts) -> dict[str, int]:
    """The numbers among a stage's facts, and its outcomes."""
    facts_by_name = {name: getattr(facts, name) for name in facts.__struct_fields__}
    numbers = {name: value for name, value in facts_by_name.items() if isinstance(value, int)}
    return {**numbers, **facts_by_name.get("outcomes", {})}


def import_list(arguments: argparse.Namespace, settings: Settings) -> Result:
    if arguments.out is not None:
        check_out(arguments.out)
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
        _report_unmatchable(manifest["cannot_match"])
        return Result({"list": None, "manifest": None, **manifest}, lambda _: [_headline(imported)])
    manifest = write_list(imported, about)
    _report_unmatchable(manifest["cannot_match"])
    return _written(imported, manifest)


def show_list(arguments: argparse.Namespace, settings: Settings) -> Result:
    entries = load_entries(arguments.file)
    content: dict[str, Any] = {"source": entries.source, **entries.fingerprint, **describe(entries.entries)}
    manifest = _manifest_of(entries) if arguments.file is not None else None
    content["sources"] = [] if manifest is None else manifest.get("sources", [])
    return Result(content, lambda content: _shown(content, entries))


def _shown(content: dict[str, Any], entries: EntryList) -> list[str]:
    """What a list holds, as lines for a terminal."""
    never = content["cannot_match"]
    lines = [_headline(entries), *_sources(content["sources"], entries.entries)]
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
    a, b = load_entries(arguments.a), load_entries(arguments.b)
    diff = {**difference(a.entries, b.entries), "a_sha256": a.sha256, "b_sha256": b.sha256}
    return Result(diff, lambda diff: [f"A {_headline(a)}", f"B {_headline(b)}", *_differences(diff)])


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


def _headline(entries: EntryList) -> str:
    return f"{entries.source}: {entries.size:,} entries, sha256 {entries.sha256}"


def _sources(sources: Sequence[dict[str, Any]], entries: Sequence[str] = ()) -> list[str]:
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


def _report_unmatchable(number: int) -> None:
    if number:
        say(f"{number:,} entries can never match as they stand (--normalize-entries spaces their punctuation)")
