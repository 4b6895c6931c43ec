"""Settings from the arguments of a Python function, converted and checked as those of flags and of the TOML file."""

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jobs.settings.flags import checked
from jobs.settings.groups import THRESHOLDS
from jobs.settings.settings import SETTINGS, Settings
from udfs.errors import UsageError

StrPath = str | os.PathLike[str]
"""A path or an address."""


def settings_of(given: Mapping[str, Any]) -> Settings:
    """The settings among these arguments, by name; other names are ignored. Raises `UsageError` for an invalid value,
    and for more than one way to choose t."""
    changed = {name: _plain(given[name]) for name, item in SETTINGS.items() if _differs(given, name, item.default)}
    thresholds = [name for name in THRESHOLDS if name in changed]
    if len(thresholds) > 1:
        raise UsageError(f"{' and '.join(thresholds)}: only one of {', '.join(THRESHOLDS)} may be given")
    named = {name: checked(name, name, _listed(name, value)) for name, value in changed.items()}
    return Settings.of(**{name: tuple(value) if isinstance(value, list) else value for name, value in named.items()})


def paths_of(inputs: StrPath | Iterable[StrPath]) -> list[str]:
    """One path or several, as text."""
    return [os.fspath(path) for path in ([inputs] if isinstance(inputs, str | os.PathLike) else inputs)]


def _differs(given: Mapping[str, Any], name: str, default: Any) -> bool:
    """Whether a setting is given, and not as its default. One without a default, such as `out`, is always checked."""
    return name in given and (default == "" or _plain(given[name]) != _plain(default))


def _listed(name: str, value: Any) -> Any:
    """A single value of a setting that takes several as a list of one."""
    flag = SETTINGS[name].flag
    return [value] if (flag.is_repeated or flag.takes_several) and isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """A value as TOML would have it: paths as text, mappings as KEY=VALUE, other collections as lists."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return [f"{key}={item}" for key, item in value.items()]
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    if hasattr(value, "__index__") and not isinstance(value, bool | int):
        return operator.index(value)  # a number of numpy
    return value
