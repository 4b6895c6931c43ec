"""From a command's flags and TOML file to its settings, and from these to what run.json holds of them.

Values come from the defaults, then from `--config FILE.toml`, then from flags.
"""

import argparse
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.settings import values
from jobs.settings.fields import COMMANDS, DEFAULT_TAIL_SHARE, FIELDS, THRESHOLDS, Settings
from udfs.errors import UsageError
from udfs.storage.addresses import HTTP, kind_of, redacted

_SECRET_KEY = re.compile(r"secret|password|token|credential|access\.?key", re.IGNORECASE)  # as Spark redacts


def add_flags(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Add the flags of these settings and `--config` to a parser."""
    thresholds = None
    for name in names:
        item = FIELDS[name]
        target: Any = parser
        if name in THRESHOLDS:
            thresholds = thresholds or parser.add_mutually_exclusive_group()
            target = thresholds
        target.add_argument(
            _flag(name),
            dest=name,
            default=argparse.SUPPRESS,
            required=False,
            help=item.metadata["help"],
            **item.metadata["flag"],
        )
    parser.add_argument(
        "--config",
        default=None,
        type=values.path,
        metavar="FILE.toml",
        help="TOML file with settings by their long names (tail_share = 0.06); flags override it",
    )


def resolve(job: str, arguments: argparse.Namespace) -> Settings:
    """The settings of a job from defaults, its TOML file and its flags. Raises `UsageError` for what does not fit."""
    names = COMMANDS[job]
    values: dict[str, Any] = {}
    if arguments.config is not None:
        values = _read_toml(arguments.config, job)
    flags = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    if any(name in flags for name in THRESHOLDS):
        values = {name: value for name, value in values.items() if name not in THRESHOLDS}
    values.update(flags)
    if "out" in names and "out" not in values:
        raise UsageError(f"ballast {job}: --out DIR is missing")
    if all(values.get(name) is None for name in THRESHOLDS) and "tail_share" in names:
        values["tail_share"] = DEFAULT_TAIL_SHARE
    for name in filter(_is_repeated, FIELDS):
        values[name] = tuple(values.get(name, ()))
    return Settings(**values)


def saved(job: str, settings: Settings) -> dict[str, Any]:
    """The settings that decide the rows, as run.json holds them; paths are left out, since what they name is recorded
    on its own (inputs by path, the metadata by its fingerprint, counts by theirs)."""
    paths = ("out", "metadata", "entry_counts", "survivors", "exclude", "block_words", "block_domains", "block_urls")
    names = [name for name in COMMANDS[job] if not FIELDS[name].metadata["execution"] and name not in paths]
    return {name: _plain(getattr(settings, name)) for name in names if getattr(settings, name) is not None}


def execution(job: str, settings: Settings) -> dict[str, Any]:
    """The settings that say only how a run was executed, as run.json holds them."""
    names = [name for name in COMMANDS[job] if FIELDS[name].metadata["execution"]]
    values = {name: _plain(getattr(settings, name)) for name in names}
    return {**values, "spark_conf": [_without_secret(pair) for pair in settings.spark_conf]}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value) if kind_of(value) == HTTP else value
    return list(value) if isinstance(value, tuple) else value


def _without_secret(pair: str) -> str:
    key, _, value = pair.partition("=")
    return f"{key}={'(not recorded)' if _SECRET_KEY.search(key) else value}"


def _is_repeated(name: str) -> bool:
    """Whether a setting takes several values, each a word of its own."""
    flag = FIELDS[name].metadata["flag"]
    return flag.get("action") == "append" or "nargs" in flag


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _read_toml(path: str, job: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path}: not TOML: {error}") from error
    known = [name for name in COMMANDS[job] if name != "debug"]
    for key in table:
        if key not in known:
            raise UsageError(f"--config {path}: unknown key '{key}'; {job} knows: {', '.join(known)}")
    if sum(name in table for name in THRESHOLDS) > 1:
        raise UsageError(f"--config {path}: only one of {', '.join(THRESHOLDS)} may be set")
    return {key: _checked(path, key, value) for key, value in table.items()}


def _checked(path: str, key: str, value: Any) -> Any:
    """A TOML value, put through the same check as the flag of that name."""
    flag = FIELDS[key].metadata["flag"]
    where = f"--config {path}: {key}"
    if flag.get("action") == "store_true":
        if not isinstance(value, bool):
            raise UsageError(f"{where}: must be true or false")
        return value
    if _is_repeated(key):
        if not isinstance(value, list):
            raise UsageError(f"{where}: must be a list of strings")
        return [_converted(where, flag, item) for item in value]
    if isinstance(value, list) and key in ("languages", "t", "target_size", "text_keys", "opt_outs"):
        value = ",".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{where}: {value!r} is not a value that it takes")
    return _converted(where, flag, value)


def _converted(where: str, flag: dict[str, Any], value: Any) -> Any:
    try:
        converted = flag["type"](str(value)) if "type" in flag else str(value)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{where}: {error}") from error
    if "choices" in flag and converted not in flag["choices"]:
        raise UsageError(f"{where}: '{value}' is none of {', '.join(flag['choices'])}")
    return converted
