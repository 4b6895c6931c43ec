"""Reference: commands, flags, columns, outcomes, known names and keys of run.json, as a page of Markdown."""

import argparse
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from jobs.api.frames import count, match, sizes
from jobs.api.functions import balance, curate, dedup, extract
from jobs.api.run import Run
from jobs.api.session import start_spark
from jobs.api.writer import FILE, FUNCTIONS, source
from jobs.console.registry import COMMANDS
from jobs.sample import write_sample
from jobs.settings.fields import Role
from jobs.settings.flags import help_of
from jobs.settings.settings import SETTINGS, names_of
from udfs import image_schemas, schemas
from udfs.html.lazy_images import HOME_MADE_SRC, LAZY_SRC, LAZY_SRCSET
from udfs.image_outcomes import IMAGE_COUNTERS
from udfs.opt_outs import AI_AGENTS
from udfs.outcomes import COUNTERS, FileStatus
from udfs.record import RUN_FILE
from udfs.run_json import facts_meanings, record_meanings, spark_meanings
from udfs.spark_figures import SPARK_FACT
from udfs.stages import SECONDS, SPARK, Stage

PAGE = Path(__file__).parent / "docs" / "REFERENCE.md"

_HEAD = """# Reference

Written from the code by `make reference`. What Ballast is and how to begin is in `README.md`."""

_COMMANDS = """## Commands

Each command also takes `--json`: standard output then gets [one JSON document](GUIDE.md#for-scripts) and nothing
else."""

_SETTINGS = """## Settings

Each setting is a flag and a key of the TOML file that `--config` names (`--tail-share`: `tail_share`); flags override
the file. Settings of kind *rows* determine what is written and where: a run is resumed only with the same values.
Settings of kind *run* determine how it is executed; they may differ when it is resumed."""

_STEPS = (extract, match, dedup, count, sizes, balance)

_TABLES = {
    "Pairs: `extracted/`, `matched/`, `pool/`, `subset/`": schemas.SUBSET,
    "Captions on too many images, images with too many captions: `repeats/`": schemas.REPEAT,
    "Images: `images/`": schemas.IMAGE,
    "Entries: `entry_counts/`": schemas.ENTRY_COUNT,
    "Input files: `files/`, besides its outcomes": pa.schema([f for f in schemas.FILE if f.name not in COUNTERS]),
}
IMAGE_TABLES = {
    "Samples of a download: `checked/`": image_schemas.CHECKED,
    "Embeddings: `embeddings/`": image_schemas.EMBEDDED,
    "Scores: `scores/`, before the columns of `checked/`": image_schemas.SCORED,
    "Labels: `labels/`": image_schemas.LABELLED,
    "Clusters: `clusters/`": image_schemas.CLUSTERED,
    "Entries of clusters: `cluster_entries/`": image_schemas.CLUSTER_ENTRY,
    "Pairs without an image: `left_out/`": image_schemas.LEFT_OUT,
}


def reference() -> str:
    """The page."""
    return (
        "\n\n".join(
            [
                _HEAD,
                *_commands(),
                _SETTINGS,
                _settings(),
                *_columns(),
                *_outcomes(),
                *_lists(),
                *_run_keys(),
                *_python(),
            ]
        )
        + "\n"
    )


def _commands() -> Iterator[str]:
    yield _COMMANDS
    for command in COMMANDS.values():
        parser, taken = command.parser(), names_of(command.settings)
        inputs = [action for action in parser._actions if not action.option_strings]
        yield f"### `{' '.join([parser.prog, *map(_spelled, inputs)])}`"
        yield parser.description or ""
        own = [action for action in parser._actions if action.dest not in (*taken, "help", "config", "json")]
        if own:
            yield _table(("argument", "meaning"), ((f"`{_spelled(action)}`", action.help or "") for action in own))
        if taken:
            yield f"Settings: {', '.join(f'`{SETTINGS[name].option}`' for name in taken)}, `--config`."


def _settings() -> str:
    rows = []
    for name, item in SETTINGS.items():
        value = item.flag.kind.metavar if item.flag.kind else "|".join(item.flag.choices)
        kind = "run" if item.flag.role is Role.RUN else "rows"
        commands = ", ".join(command.name for command in COMMANDS.values() if name in names_of(command.settings))
        rows.append((f"`{' '.join(filter(None, (item.option, value)))}`", help_of(item), kind, commands))
    return _table(("setting", "meaning", "kind", "of"), rows)


def _columns() -> Iterator[str]:
    yield "## Columns"
    for tables, meanings in ((_TABLES, schemas.MEANINGS), (IMAGE_TABLES, image_schemas.MEANINGS)):
        for title, schema in tables.items():
            yield f"### {title}"
            rows = ((f"`{f.name}`", str(f.type).replace("item: ", ""), meanings[f.name]) for f in schema)
            yield _table(("column", "type", "meaning"), rows)
    yield (
        "Extracted pairs lack `entry_ids` until they are matched, `duplicates` until they are deduplicated, and "
        "`keep_prob` until they are drawn."
    )


def _outcomes() -> Iterator[str]:
    yield "## Outcomes"
    yield "The counters of `files/`. Each record, image and text has exactly one outcome, so that the counters add up."
    yield _table(("counter", "meaning"), ((f"`{outcome}`", outcome.meaning) for outcome in COUNTERS))
    yield (
        "The counters of `downloads/`. Each sample of a download has exactly one of the first ones, its `status` in "
        "`checked/`; the others are traits of images."
    )
    yield _table(("counter", "meaning"), ((f"`{counter}`", counter.meaning) for counter in IMAGE_COUNTERS))
    yield "The `status` of an input file:"
    yield _table(("status", "meaning"), ((f"`{status}`", status.meaning) for status in FileStatus))


def _lists() -> Iterator[str]:
    yield "## Attributes of lazy images"
    yield "Where `--pairs rich` looks for a URL that is not in `src`, in this order."
    home_made = dict.fromkeys(HOME_MADE_SRC, "pages with scripts of their own")
    kinds = ((LAZY_SRC, "a URL"), (home_made, "a URL, without a `src`"), (LAZY_SRCSET, "candidates"))
    rows = [(f"`{name}`", kind, users) for names, kind in kinds for name, users in names.items()]
    yield _table(("attribute", "holds", "of"), rows)
    yield "## Agents whose opt-outs count"
    yield ", ".join(f"`{agent}`" for agent in sorted(AI_AGENTS)) + "."


def _run_keys() -> Iterator[str]:
    yield f"## `{RUN_FILE}`"
    yield _table(("key", "meaning"), ((f"`{key}`", meaning) for key, meaning in record_meanings().items()))
    yield (
        f"The facts of each stage under `stages`. Each stage also has `seconds`, {SECONDS}, and `{SPARK_FACT}`, "
        f"{SPARK}; `{Stage.FILES}` and `{Stage.DOWNLOADS}` have the number of files of each status, "
        f"`{Stage.FILES}` also the sum of each counter."
    )
    facts = ((stage, name, meaning) for stage, names in facts_meanings().items() for name, meaning in names.items())
    yield _table(("stage", "fact", "meaning"), ((f"`{stage}`", f"`{name}`", meaning) for stage, name, meaning in facts))
    yield (
        f"`{SPARK_FACT}` of a stage. Unlike `seconds`, it adds up all commands that resumed the run, as far as they "
        "committed something. [What was slow](DEPLOYMENT.md#what-was-slow) says how to read it."
    )
    yield _table(("figure", "meaning"), ((f"`{name}`", meaning) for name, meaning in spark_meanings().items()))


def _python() -> Iterator[str]:
    yield "## Python"
    yield (
        "`import ballast_curation as ballast`. Each setting is an argument by its name in the TOML file, with the same "
        "default and checks; `help(ballast.curate)` shows them all."
    )
    written = {function.name: function for function in FUNCTIONS}
    rows = []
    for thing in (curate, *_STEPS, start_spark, write_sample, Run):
        settings = names_of(written[thing.__name__].settings) if thing.__name__ in written else ()
        names = [name for name in inspect.signature(thing).parameters if name not in settings]
        shown = ", ".join([*names, *(["settings"] if settings else [])])
        rows.append((f"`{thing.__name__}({shown})`", _first_sentence(thing)))
    yield _table(("function", "what it does"), rows)
    yield "A `Run`:"
    members = [(name, member) for name, member in vars(Run).items() if not name.startswith("_")]
    yield _table(("member", "what it is"), ((f"`{name}`", _first_sentence(member)) for name, member in members))


def _first_sentence(thing: object) -> str:
    paragraph = (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


def _spelled(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(action.choices) if action.choices else action.dest.upper())
    if action.option_strings:
        return action.option_strings[0] if action.nargs == 0 else f"{action.option_strings[0]} {value}"
    return f"{value}{'...' if action.nargs in ('*', '+') else ''}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    FILE.write_text(source(), encoding="utf-8")
