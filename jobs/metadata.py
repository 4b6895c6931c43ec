"""Metadata: build the list of entries from its sources, take one over, show what it holds, compare two."""

if __package__ in (None, ""):  # run by spark-submit: the checkout's root takes the place of jobs/ on the path
    import sys
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jobs.console.command import Parser, guarded
from jobs.console.next_steps import next_of_list
from jobs.entries.entry_list import build, check_out, manifest_path, write_list
from jobs.entries.sources import BIGRAMS_JOB, TITLES_JOB, UNIGRAMS_JOB, WORDNET_JOB, count_source
from jobs.settings.fields import COMMANDS
from jobs.settings.flags import add_flags, resolve
from jobs.spark.progress import say, warn
from jobs.spark.session import spark_session
from metadata.describe import describe, difference
from metadata.entries import EntryList, load_entries
from metadata.spacing import normalize_entry
from udfs.stages import StageFacts

PURPOSE = "build the list of entries from WordNet and Wikipedia; import, show and compare lists"
_BUILD = "metadata build"
_SOURCES = {
    WORDNET_JOB: ("count the names of WordNet's synsets", "DIR", "WordNet's dict folder, with data.noun"),
    UNIGRAMS_JOB: ("count the words of Wikipedia's articles", "DUMP", "pages-articles: XML, bzip2, or folders of them"),
    BIGRAMS_JOB: ("count words and pairs of words, with PMI", "DUMP", "pages-articles: XML, bzip2, or folders of them"),
    TITLES_JOB: ("count the views of article titles", "FILE", "pageviews files, hourly or daily, or folders of them"),
}
_SPACE_HELP = "space wrapped punctuation in entries as in captions, so that they can match (off: kept as they stand)"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = command_parser().parse_args(argv)
    return guarded(lambda: arguments.action(arguments), debug=getattr(arguments, "debug", False))


def command_parser() -> Parser:
    parser = Parser(prog="ballast metadata", description=f"{PURPOSE[0].upper()}{PURPOSE[1:]}.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)

    def command(name: str, purpose: str, action: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        said = f"{purpose[0].upper()}{purpose[1:]}."
        added = commands.add_parser(name, help=purpose, description=said)
        added.set_defaults(action=action)
        return added

    built = command("build", "build a list from WordNet, Wikipedia's dumps and its page views", _build)
    built.add_argument("--out", default=argparse.SUPPRESS, metavar="FILE.json", help="the list to write")
    add_flags(built, [name for name in COMMANDS[_BUILD] if name != "out"])
    for job, (purpose, input_name, help_text) in _SOURCES.items():
        source = command(job.split()[1], purpose, partial(_count, job))
        source.add_argument("inputs", metavar=input_name, nargs=1 if job == WORDNET_JOB else "+", help=help_text)
        add_flags(source, COMMANDS[job])
    imported = command(
        "import", "check a list, such as MetaCLIP's metadata.json, and write it with a manifest", _import
    )
    imported.add_argument("file", metavar="FILE", help="a JSON list of strings or text with an entry a line; or gzip")
    imported.add_argument("--out", metavar="FILE.json", help="the list to write (without it: check only)")
    imported.add_argument("--dedup", action="store_true", help="keep the first of equal entries (off: refuse them)")
    imported.add_argument("--normalize-entries", action="store_true", help=_SPACE_HELP)
    shown = command("show", "show what a list holds: sources, lengths, entries that can never match", _show)
    shown.add_argument("file", metavar="FILE", nargs="?", help="a list of entries (default: the packaged one)")
    compared = command("diff", "compare two lists", _diff)
    for name in ("a", "b"):
        compared.add_argument(name, metavar=name.upper(), help="a list of entries")
    for parser_of in (shown, compared):
        parser_of.add_argument("--json", action="store_true", help="print all of it as JSON")
    return parser


def _build(arguments: argparse.Namespace) -> None:
    settings = resolve(_BUILD, arguments)
    entries, manifest = build(settings)
    print("\n".join([_headline(entries), *_sources(manifest["sources"])]))
    if entries.size < settings.size:
        say(f"the sources gave {entries.size:,} entries, fewer than --size {settings.size:,}")
    _say_never(manifest["cannot_match"])
    _say_written(settings.out)


def _count(job: str, arguments: argparse.Namespace) -> None:
    settings = resolve(job, arguments)
    with spark_session(settings, job) as spark:
        folder = count_source(spark, job, arguments.inputs, settings.out, settings)
    for facts in folder.record.stages.finished():
        print(
            f"{settings.out}/{facts.stage}/  " + ", ".join(f"{value:,} {key}" for key, value in _figures(facts).items())
        )


def _figures(facts: StageFacts) -> dict[str, int]:
    """The numbers among a stage's facts, and its outcomes."""
    found = {name: getattr(facts, name) for name in facts.__struct_fields__}
    numbers = {name: value for name, value in found.items() if isinstance(value, int)}
    return {**numbers, **found.get("outcomes", {})}


def _import(arguments: argparse.Namespace) -> None:
    if arguments.out is not None:
        check_out(arguments.out)
    given = load_entries(arguments.file, dedup=arguments.dedup)
    entries = list(given.entries)
    if arguments.normalize_entries:
        entries = list(dict.fromkeys(filter(None, map(normalize_entry, entries))))
        say(f"{given.size - len(entries):,} entries became equal to others when spaced, or empty")
    imported = EntryList(tuple(entries), arguments.out or arguments.file)
    print(_headline(imported))
    if arguments.out is None:
        _say_never(describe(entries)["cannot_match"]["wrapped_punctuation"])
        return
    about = {
        "imported": Path(arguments.file).name,
        "imported_fingerprint": given.fingerprint,
        "deduplicated": arguments.dedup,
        "normalized": arguments.normalize_entries,
    }
    manifest = write_list(imported, about)
    _say_never(manifest["cannot_match"])
    _say_written(arguments.out)


def _show(arguments: argparse.Namespace) -> None:
    entries = load_entries(arguments.file)
    found: dict[str, Any] = {"source": entries.source, **entries.fingerprint, **describe(entries.entries)}
    manifest = _manifest_of(entries) if arguments.file is not None else None
    if manifest is not None:
        found["sources"] = manifest.get("sources", [])
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    never = found["cannot_match"]
    lines = [_headline(entries), *_sources(found.get("sources", ()), entries.entries)]
    lines.append("  characters      " + ", ".join(f"{at} {chars}" for at, chars in found["characters"].items()))
    words = found["words"]
    few = [f"{count:,} of {number}" for number, count in words.items() if number <= 3]
    more = sum(count for number, count in words.items() if number > 3)
    lines.append("  words           " + ", ".join([*few, *([f"{more:,} of more"] if more else [])]))
    lines.append("  such as         " + ", ".join(map(repr, found["examples"])))
    for kind, said in (("wrapped_punctuation", "wrapped_examples"), ("other", "other_examples")):
        why = "hold , . ; : ? ! or ` unspaced" if kind == "wrapped_punctuation" else "white space, or not NFC"
        examples = f": {', '.join(map(repr, never[said]))}" if never[said] else ""
        if kind == "wrapped_punctuation" or never[kind]:
            lines.append(f"  can never match {never[kind]:,} ({why}){examples}")
    print("\n".join(lines))
    if never["wrapped_punctuation"]:
        print("\n  `ballast metadata import FILE --normalize-entries --out NEW.json` spaces these as captions are.")


def _diff(arguments: argparse.Namespace) -> None:
    a, b = load_entries(arguments.a), load_entries(arguments.b)
    found = difference(a.entries, b.entries)
    if arguments.json:
        print(json.dumps({**found, "a_sha256": a.sha256, "b_sha256": b.sha256}, ensure_ascii=False, indent=2))
        return
    order = "the same list" if found["equal"] else "in the same order" if found["same_order"] else "in another order"
    print(f"A {_headline(a)}\nB {_headline(b)}\n  in both    {found['both']:,}, {order}")
    for side in ("a", "b"):
        count, examples = found[f"only_{side}"], found[f"only_{side}_examples"]
        such = f": {', '.join(map(repr, examples))}" if examples else ""
        print(f"  only in {side.upper()}  {count:,}{such}")


def _manifest_of(entries: EntryList) -> dict[str, Any] | None:
    """The manifest beside a list, None without one; one of another list is left aside, with a warning."""
    path = manifest_path(entries.source)
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("sha256") != entries.sha256:
        warn(f"{path}: is not of this list, and left aside")
        return None
    return manifest


def _headline(entries: EntryList) -> str:
    return f"{entries.source}: {entries.size:,} entries, sha256 {entries.sha256}"


def _sources(sources: Sequence[dict[str, Any]], entries: Sequence[str] = ()) -> list[str]:
    """A line a source: entries, and what became of the other candidates; with an example if the entries are given."""
    lines = []
    for source in sources:
        duplicates = sum(source["duplicates"].values())
        rest = [
            f"{source['candidates']:,} candidates",
            *([f"{duplicates:,} there already"] if duplicates else []),
            *([f"{source['punctuation']:,} punctuation"] if source["punctuation"] else []),
            *([f"{source['not_needed']:,} not needed"] if source["not_needed"] else []),
        ]
        such = entries[source["first_id"] : source["first_id"] + min(3, source["taken"])]
        examples = f": {', '.join(map(repr, such))}" if such else ""
        lines.append(f"  {source['source']:<15} {source['taken']:>7,} of {', '.join(rest)}{examples}")
    return lines


def _say_written(path: str) -> None:
    print(f"\n  {path}\n  {manifest_path(path)}\n\n{next_of_list(path)}")


def _say_never(number: int) -> None:
    if number:
        say(f"{number:,} entries can never match as they stand (--normalize-entries spaces their punctuation)")


if __name__ == "__main__":
    raise SystemExit(main())
