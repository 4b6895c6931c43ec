"""A setting is one dataclass field: its flag, TOML key, default and place in run.json all follow from it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from jobs.settings import values


class Role(StrEnum):
    """What a setting decides, and so how run.json records it."""

    ROWS = "rows"
    """It decides which rows are written, and where: a run resumes only with the same value."""
    CONTENT = "content"
    """The same, but it names a path: run.json records the content (a hash, or the list of files), not the path."""
    RUN = "run"
    """It decides only how the run is executed: a resumed run may have another value."""


class Level(StrEnum):
    """Where `--help` lists a setting."""

    EVERYDAY = "everyday"
    NORMAL = "normal"
    ADVANCED = "advanced"


class Kind(NamedTuple):
    """The values that a flag takes: `parse` reads one from text, and `--help` shows it as `metavar`."""

    parse: Callable[[str], Any]
    metavar: str
    is_list: bool = False
    """The value is a list separated by commas; TOML also takes an array."""


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag of a setting: it takes a value of a kind, or one of its choices; without either it is a switch."""

    help: str
    """What it does and then who needs it. The parser adds the default."""
    kind: Kind | None = None
    choices: tuple[str, ...] = ()
    role: Role = Role.ROWS
    level: Level = Level.NORMAL
    is_repeated: bool = False
    """The flag may be given several times, each with one value."""
    takes_several: bool = False
    """The flag takes several values, separated by white space."""
    read_by_spark: bool = False
    """It names a folder or file that Spark itself reads or writes."""
    default_text: str | None = None
    """The default as `--help` shows it, if it is not a plain value."""
    option: str | None = None
    """The flag, where it is not the setting's name: another command's setting has that name."""

    @property
    def parse(self) -> Callable[[str], Any]:
        """Reads a value from text."""
        return self.kind.parse if self.kind else values.choice(self.choices)

    @property
    def names_path(self) -> bool:
        return self.kind is not None and self.kind.parse is values.path

    @property
    def is_switch(self) -> bool:
        return self.kind is None and not self.choices


def setting(help: str, *, default: Any = None, **flag: Any) -> Any:
    """A field of a group of settings (`jobs.settings.groups`), with its default; `flag` is as in `Flag`."""
    return field(default=default, metadata={"flag": Flag(help, **flag)})


@dataclass(frozen=True, slots=True)
class Setting:
    """A declared setting: its name, its flag and its default."""

    name: str
    flag: Flag
    default: Any

    @property
    def option(self) -> str:
        """The flag as typed, such as `--tail-share`."""
        return self.flag.option or "--" + self.name.replace("_", "-")

    @property
    def default_text(self) -> str | None:
        """The default as `--help` shows it, or None."""
        if self.flag.default_text is not None:
            return self.flag.default_text
        if self.default in (None, "", ()) or self.flag.is_switch:
            return None
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return self.default if isinstance(self.default, str) else f"{self.default:,.10g}"


def settings_of(group: type) -> tuple[Setting, ...]:
    """List the settings of a group, in order of declaration."""
    return tuple(Setting(item.name, item.metadata["flag"], item.default) for item in dataclasses.fields(group))
