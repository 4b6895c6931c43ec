"""Writes `functions.py`: the functions that take settings, with each as a typed argument and in the docstring.

The settings are declared once, in `jobs/settings/groups.py`. Python could make such signatures while it runs, but
editors and type checkers read only source text. So the source is written from the settings, by `make reference`.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from jobs.console.commands.curation import CURATE
from jobs.settings import values
from jobs.settings.fields import Setting
from jobs.settings.groups import Blocking, Captions, Dedup, Draws, Inputs, Parsing, Reading, Threshold
from jobs.settings.settings import GROUPS, SETTINGS, Taken, names_of, take, takes

FILE = Path(__file__).parent / "functions.py"

_COLUMNS = 120
_HEAD = '''"""The functions that take settings. `make reference` writes this file from the settings: do not edit it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.api.arguments import StrPath, paths_of, settings_of
from jobs.api.curation import run_curate
from jobs.api.frames import balance_frame, dedup_frame, extract_frame
from jobs.api.run import Run
'''
_INPUTS = (
    "WARC or WAT files, folders, globs, or listings of paths: one or several; local, on s3://, hdfs:// and the like, "
    "or https://. May be left out with `crawl`."
)
_COUNTS = "the table of `count` or of `Run.counts`, or a mapping {entry: count} in the order of the list of entries."


class Argument(NamedTuple):
    """An argument that is no setting: as in a signature, and its meaning."""

    signature: str
    meaning: str

    @property
    def name(self) -> str:
        return self.signature.partition(":")[0]


class Function(NamedTuple):
    """A function to write. `first` come before the settings; `last` are further keywords after them."""

    name: str
    purpose: str
    about: str
    first: tuple[Argument, ...]
    settings: tuple[Taken, ...]
    last: tuple[Argument, ...]
    returns: str
    body: str


FUNCTIONS = (
    Function(
        "curate",
        "Run it all: from WARC and WAT files to pool, entry counts and balanced subset, in one folder.",
        "This is the command `ballast curate`: the same code, settings, checks and rows. A repeated call resumes an "
        "unfinished run, and returns a finished one. It uses the active Spark session and leaves it running, or else "
        "starts one and stops it. Raises `UsageError` for a mistake of the caller, and `BallastError` for a run that "
        "cannot continue, each with one line. What the command prints as a warning is a `BallastWarning`.",
        (Argument("inputs: StrPath | Sequence[StrPath] = ()", _INPUTS),),
        CURATE.settings,
        (Argument("progress: bool = False", "print the progress on standard error, as the command does."),),
        "Run",
        "return run_curate(paths_of(inputs), settings_of(locals()), progress=progress)",
    ),
    Function(
        "extract",
        "Parse WARC and WAT files into pairs: a frame with the columns of `extracted/` in the reference.",
        "Lazy, except that the list of input files is read. A file that fails gives no pairs and raises nothing: "
        "`with_files` shows what became of each. Raises `UsageError` for invalid arguments.",
        (
            Argument("spark: SparkSession", "the session to use."),
            Argument("inputs: StrPath | Sequence[StrPath] = ()", _INPUTS),
        ),
        takes(Captions, Inputs, Parsing, Blocking, Draws, take(Reading, "max_file_seconds")),
        (
            Argument(
                "with_files: bool = False",
                "also return a row per input file: `kind` is `pair` or `file`, and the struct `file` has the columns "
                "of `files/` in the reference. Write the frame partitioned by `kind` to get both in one pass.",
            ),
        ),
        "DataFrame",
        "return extract_frame(spark, paths_of(inputs), settings_of(locals()), with_files=with_files)",
    ),
    Function(
        "dedup",
        "Keep one copy of each pair, or of each image, and add `duplicates`, the number of copies.",
        "Lazy. All columns stay. Of equal copies, the smallest by the columns that tell where a pair comes from is "
        "kept, and then by the others, so the result does not depend on partitions.",
        (Argument("frame: DataFrame", "rows with `uuid` and `caption_hash`, which `match` adds."),),
        takes(take(Dedup, "dedup"), Draws),
        (),
        "DataFrame",
        "return dedup_frame(frame, settings_of(locals()))",
    ),
    Function(
        "balance",
        "Draw the balanced subset: a row is kept with a probability, `keep_prob`, that depends on its entries' counts.",
        "Lazy, except that `target_size` and `preset` run a pass over the frame. All columns stay. With several t, the "
        "result has the rows of every subset and a column `t`. The draw of a row is a hash of the seed, its `uuid` and "
        "its `caption_hash`. Raises `UsageError` for invalid arguments and for counts of another list.",
        (
            Argument("pool: DataFrame", "rows with `uuid`, `caption_hash` and `entry_ids`, which `match` adds."),
            Argument("counts: pa.Table | Mapping[str, int]", _COUNTS),
        ),
        takes(Threshold, Draws),
        (),
        "DataFrame",
        "return balance_frame(pool, counts, settings_of(locals()))",
    ),
)

_LEFT_OUT = {"no_progress"}
"""Settings that mean nothing in Python: `progress` takes their place."""


def source() -> str:
    """The text of `functions.py`."""
    return "\n\n".join([_HEAD, *map(_function, FUNCTIONS)])


def _function(function: Function) -> str:
    items = [SETTINGS[name] for name in names_of(function.settings) if name not in _LEFT_OUT]
    arguments = [
        *(argument.signature for argument in function.first),
        "*",
        *map(_signature, items),
        *(argument.signature for argument in function.last),
    ]
    lines = [f"def {function.name}(", *(f"    {argument}," for argument in arguments), f") -> {function.returns}:"]
    meanings = [
        *((argument.name, argument.meaning) for argument in function.first),
        *((item.name, _meaning(item)) for item in items),
        *((argument.name, argument.meaning) for argument in function.last),
    ]
    documented = [line for name, meaning in meanings for line in _wrapped(f"{name}: {meaning}", hanging=True)]
    doc = [f'    """{function.purpose}', "", *_wrapped(function.about), "", *documented, '    """']
    return "\n".join([*lines, *doc, f"    {function.body}", ""])


def _wrapped(text: str, *, hanging: bool = False) -> list[str]:
    return textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent="    ",
        subsequent_indent=" " * (8 if hanging else 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _signature(item: Setting) -> str:
    default = "" if item.name == "out" else f" = {_literal(item.default)}"
    return f"{item.name}: {_annotation(item)}{default}"


def _literal(value: Any) -> str:
    """A default as source text: those of opt-outs are plain text."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _annotation(item: Setting) -> str:
    """The type of the values that Python code may give."""
    flag, kind = item.flag, item.flag.kind
    if flag.is_switch:
        return "bool"
    if flag.choices:
        one = f"Literal[{', '.join(map(_literal, flag.choices))}]"
    elif flag.names_path:
        one = "StrPath"
    elif kind is not None and kind.parse in (values.size, values.sizes):
        one = "int | str"
    else:
        one = _scalar(item)
    if kind is not None and kind.parse is values.key_value:
        return f"Mapping[str, str] | Sequence[{one}]"
    takes_several = flag.is_repeated or flag.takes_several or (kind is not None and kind.is_list)
    union = [one, *([f"Sequence[{one}]"] if takes_several else []), *(["None"] if item.default is None else [])]
    return " | ".join(union)


def _scalar(item: Setting) -> str:
    """`int`, `float` or `str`, as the setting's field says; of a tuple, what it holds."""
    group = next(group for group in GROUPS.values() if item.name in get_type_hints(group))
    pending = [get_type_hints(group)[item.name]]
    while pending:
        hint = pending.pop(0)
        if hint in (int, float):
            return str(hint.__name__)
        pending += get_args(hint)
    return "str"


def _meaning(item: Setting) -> str:
    """The help text of the flag, with settings by their Python names."""
    text = re.sub(r"--([a-z][a-z-]*)", lambda match: f"`{match[1].replace('-', '_')}`", item.flag.help)
    text = re.sub(r"[;,] may be repeated", "; one or several", text).replace(", as a flag or in the TOML file", "")
    return f"{text}{''.join(_default_of(item))}."


def _default_of(item: Setting) -> Iterator[str]:
    """The default, where the signature does not show it."""
    if item.default is None and item.flag.default_text is not None:
        text = re.sub(r"--([a-z][a-z-]*)", lambda match: f"`{match[1].replace('-', '_')}`", item.flag.default_text)
        yield f" (default: {text})"
