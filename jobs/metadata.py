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
from jobs.console.next_steps import next_of_list
from jobs.console.result import Result
from jobs.entries.entry_list import build_list, check_out, manifest_of, manifest_path, write_list
from jobs.entries.sources import BIGRAMS_JOB, SOURCE_SETTINGS, TITLES_JOB, UNIGRAMS_JOB, WORDNET_JOB, count_source
from jobs.settings import values
from jobs.settings.building import EntryBuild, Ngrams, Titles
from jobs.settings.groups import Draws, Execution, Output, Reading
from jobs.settings.settings import Settings, take, takes
from jobs.spark.progress import say, warn
from jobs.spark.session import spark_session
from metadata.describe import describe, difference
from metadata.entries import EntryList, load_entries
from metadata.spacing import normalize_entry
from udfs.errors import shortened
from udfs.run_json import record_fields
from udfs.stages import StageFacts
from udfs.storage.addresses import join

_SPACE_HELP = "space wrapped punctuation in entries as in captions, so that they can match (default: leave it unspaced)"


def _build(arguments: argparse.Namespace, settings: Settings) -> Result:
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


def _count(job: str, arguments: argparse.Namespace, settings: Settings) -> Result:
    out = settings.output.out
    with spark_session(settings.execution, job) as spark:
        record = count_source(spark, job, arguments.inputs, out, settings).record
    counted = [(join(out, facts.stage), _figures(facts)) for facts in record.stages.finished()]
    return Result(
        record,
        lambda _: [
            f"{path}/  {', '.join(f'{value:,} {key}' for key, value in figures.items())}" for path, figures in counted
        ],
        lambda record: {"out": out, "run": record_fields(record)},
    )


def _figures(facts: StageFacts) -> dict[str, int]:
    """The numbers among a stage's facts, and its outcomes."""
    facts_by_name = {name: getattr(facts, name) for name in facts.__struct_fields__}
    numbers = {name: value for name, value in facts_by_name.items() if isinstance(value, int)}
    return {**numbers, **facts_by_name.get("outcomes", {})}


def _import(arguments: argparse.Namespace, settings: Settings) -> Result:
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


def _show(arguments: argparse.Namespace, settings: Settings) -> Result:
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


def _diff(arguments: argparse.Namespace, settings: Settings) -> Result:
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


def _list_to_write(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        default=argparse.SUPPRESS,
        type=values.path,
        metavar="FILE.json",
        help="the list to write (required, here or in the TOML file)",
    )


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", type=values.path, help="a list of entries, in any form that --metadata takes"
    )
    parser.add_argument(
        "--out", type=values.path, metavar="FILE.json", help="the list to write (without it: check only)"
    )
    parser.add_argument("--dedup", action="store_true", help="keep the first of equal entries (default: refuse them)")
    parser.add_argument("--normalize-entries", action="store_true", help=_SPACE_HELP)


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=values.path, help="a list of entries (default: the packaged one)"
    )


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), type=values.path, help="a list of entries")


def _source(job: str, purpose: str, name: str, help: str, nargs: int | str = "+") -> Command:
    return Command(
        name=job,
        purpose=purpose,
        run=partial(_count, job),
        settings=SOURCE_SETTINGS[job],
        add_arguments=lambda parser: parser.add_argument(
            "inputs", metavar=name, nargs=nargs, type=values.path, help=help
        ),
    )


_DUMPS = "pages-articles: XML, bzip2, or folders of them"
BUILD = Command(
    name="metadata build",
    purpose="build a list from WordNet, Wikipedia's dumps and its page views",
    run=_build,
    settings=takes(Output, EntryBuild, Ngrams, Titles, Draws, take(Reading, "batch_files"), Execution),
    add_arguments=_list_to_write,
)
WORDNET = _source(
    WORDNET_JOB, "count the names of WordNet's synsets", "DIR", "WordNet's dict folder, with data.noun", nargs=1
)
UNIGRAMS = _source(UNIGRAMS_JOB, "count the words of Wikipedia's articles", "DUMP", _DUMPS)
BIGRAMS = _source(BIGRAMS_JOB, "count words and pairs of words, with PMI", "DUMP", _DUMPS)
TITLES = _source(
    TITLES_JOB, "count the views of article titles", "FILE", "pageviews files, hourly or daily, or folders of them"
)
IMPORT = Command(
    name="metadata import",
    purpose="check a list, such as MetaCLIP's metadata.json, and write it with a manifest",
    run=_import,
    add_arguments=_import_arguments,
)
SHOW = Command(
    name="metadata show",
    purpose="show what a list holds: sources, lengths, entries that can never match",
    run=_show,
    add_arguments=_show_arguments,
)
DIFF = Command(name="metadata diff", purpose="compare two lists", run=_diff, add_arguments=_diff_arguments)
