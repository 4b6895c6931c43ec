"""Read a command's settings from its flags and TOML file, and record them in run.json.

Flags override `--config`, a TOML file or a packaged profile, which overrides the defaults.
"""

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.settings import values
from jobs.settings.fields import Level, Role, Setting
from jobs.settings.groups import THRESHOLDS
from jobs.settings.secrets import without_secret
from jobs.settings.settings import SETTINGS, Settings, Taken, names_of
from udfs.errors import UsageError, did_you_mean
from udfs.storage.addresses import HTTP, kind_of, redacted
from udfs.storage.conf_files import profiles, read_conf


def add_flags(parser: argparse.ArgumentParser, taken: Sequence[Taken]) -> None:
    """Add the flags of these settings and `--config` to a parser: the everyday ones first, then each group's, the
    advanced ones last. Flags that the parser already has stay unchanged."""
    own = parser._option_string_actions.keys()
    everyday, advanced = parser.add_argument_group("everyday settings"), None
    thresholds: Any = None
    for group in taken:
        section = None
        for item in map(SETTINGS.__getitem__, group.names):
            if item.flag.level is Level.ADVANCED or item.option in own:
                continue
            target: Any = everyday
            if item.flag.level is Level.NORMAL:
                target = section = section or parser.add_argument_group(group.title)
            if item.name in THRESHOLDS:
                target = thresholds = thresholds or target.add_mutually_exclusive_group()
            _add_flag(target, item)
    for item in map(SETTINGS.__getitem__, names_of(taken)):
        if item.flag.level is Level.ADVANCED:
            advanced = advanced or parser.add_argument_group("advanced settings")
            _add_flag(advanced, item)
    parser.add_argument(
        "--config",
        default=None,
        type=values.path,
        metavar="FILE.toml|PROFILE",
        help="TOML file with settings by their long names (tail_share = 0.06), or a packaged profile "
        f"({', '.join(profiles())}); flags override it",
    )


def _add_flag(target: Any, item: Setting) -> None:
    flag = item.flag
    options: dict[str, Any] = {"help": help_of(item), "dest": item.name, "default": argparse.SUPPRESS}
    if flag.is_switch:
        options["action"] = "store_true"
    else:
        kind = flag.kind
        options["type"] = flag.parse
        options |= {"metavar": kind.metavar} if kind else {"choices": flag.choices}
    if flag.is_repeated:
        options["action"] = "append"
    if flag.takes_several:
        options["nargs"] = "+"
    target.add_argument(item.option, **options)


def help_of(item: Setting) -> str:
    """Return the help text of a setting, with its default."""
    default = item.default_text
    return (item.flag.help if default is None else f"{item.flag.help} (default: {default})").replace("%", "%%")


def resolve(command: str, taken: Sequence[Taken], arguments: argparse.Namespace) -> Settings:
    """Make a command's settings from defaults, TOML file and flags. Raises `UsageError` for invalid values."""
    names = names_of(taken)
    named: dict[str, Any] = {}
    if getattr(arguments, "config", None) is not None:
        named = _read_toml(arguments.config, command, names)
    flags = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    if any(name in flags for name in THRESHOLDS):
        named = {name: value for name, value in named.items() if name not in THRESHOLDS}
    named.update(flags)
    if "out" in names and not named.get("out"):
        raise UsageError("--out DIR is missing: name the folder to write")
    repeated = {name: tuple(value) for name, value in named.items() if isinstance(value, list)}
    settings = Settings.of(**{**named, **repeated})
    if "languages" in named and settings.parsing.language_model is None:  # the plan checks those of another model
        settings.captions.kept_labels(
            None, "--languages" if "languages" in flags else f"--config {arguments.config}: languages"
        )
    return settings


def identity_settings(taken: Sequence[Taken], settings: Settings) -> dict[str, Any]:
    """Return the settings that decide the rows, as run.json records them. Those that name a path are left out: run.json
    records their content elsewhere (inputs by path, metadata and counts by fingerprint)."""
    recorded = {name: settings.value(name) for name in names_of(taken) if SETTINGS[name].flag.role is Role.ROWS}
    return {name: _plain(value) for name, value in recorded.items() if value is not None}


def execution_settings(taken: Sequence[Taken], settings: Settings) -> dict[str, Any]:
    """Return the settings that decide only how a run is executed, as run.json records them."""
    recorded = {name: settings.value(name) for name in names_of(taken) if SETTINGS[name].flag.role is Role.RUN}
    plain = {name: _plain(value) for name, value in recorded.items()}
    return {**plain, "spark_conf": [without_secret(pair) for pair in settings.execution.spark_conf]}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value) if kind_of(value) == HTTP else value
    return list(value) if isinstance(value, tuple) else value


def _read_toml(path: str, command: str, names: Sequence[str]) -> dict[str, Any]:
    try:
        table = tomllib.loads(_config_text(path))
    except OSError as error:
        raise UsageError(f"--config {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path}: not TOML: {error}") from error
    known = [name for name in names if name != "debug"]
    for key in table:
        if key not in known:
            kind = "table" if isinstance(table[key], dict) else "key"
            meant = did_you_mean(key, known) or f"; {command} takes: {', '.join(known)}"
            raise UsageError(f"--config {path}: unknown {kind} '{key}'{meant}")
    if sum(name in table for name in THRESHOLDS) > 1:
        raise UsageError(f"--config {path}: only one of {', '.join(THRESHOLDS)} may be set")
    return {key: checked(f"--config {path}: {key}", key, value) for key, value in table.items()}


def _config_text(name: str) -> str:
    """The text of a packaged profile, or else of a file. `./paper-400m` is a file even if a profile has its name."""
    known = profiles()
    if name in known:
        return read_conf(f"{name}.toml")
    try:
        return Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if "/" in name or name.endswith(".toml"):
            raise
        raise UsageError(f"--config {name}: no such file, and no such profile: use {' or '.join(known)}") from error


def checked(where: str, key: str, value: Any) -> Any:
    """Check and convert a value from TOML or Python as the flag of that name does. `where` begins the message of the
    `UsageError` for an invalid one."""
    flag = SETTINGS[key].flag
    if flag.is_switch:
        if not isinstance(value, bool):
            raise UsageError(f"{where}: must be true or false")
        return value
    if flag.is_repeated or flag.takes_several:
        if not isinstance(value, list):
            raise UsageError(f"{where}: must be a list of strings")
        return [_converted(where, key, item) for item in value]
    if isinstance(value, list) and flag.kind and flag.kind.is_list:
        value = ",".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{where}: must be text or a number, not {value!r}")
    return _converted(where, key, value)


def _converted(where: str, key: str, value: Any) -> Any:
    flag = SETTINGS[key].flag
    try:
        return flag.parse(str(value))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{where}: {error}") from error
