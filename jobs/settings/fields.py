"""What a setting is: one dataclass field, from which its flag, TOML key, default and place in run.json all follow."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a setting decides, and so how run.json records it."""

    ROWS = "rows"
    """Which rows are written, and where: a folder is resumed only with the same value."""
    CONTENT = "content"
    """The same, by what a path names: run.json records its content (a hash, or the list of files), not the path."""
    RUN = "run"
    """Only how the run is executed: it may differ when the run is resumed."""


class Level(StrEnum):
    """Where `--help` lists a setting."""

    EVERYDAY = "everyday"
    NORMAL = "normal"
    ADVANCED = "advanced"


@dataclass(frozen=True, slots=True)
class Flag:
    """How a setting is given. `parse` reads a value from text; without it a setting is a switch or one of `choices`."""

    help: str
    """What it does and, in a last part, who needs it. The parser adds the default."""
    role: Role
    level: Level
    parse: Callable[[str], Any] | None
    choices: tuple[str, ...]
    metavar: str | None
    is_repeated: bool
    """The flag may be given several times, each with one value."""
    takes_several: bool
    """The flag takes several values, separated by white space."""
    is_list: bool
    """Its text is a list separated by commas; TOML may have an array in its place."""
    read_by_spark: bool
    """It names a folder or file that Spark itself reads or writes."""
    default_text: str | None
    """The default as `--help` says it, where it is no plain value."""

    @property
    def is_switch(self) -> bool:
        return self.parse is None and not self.choices


def setting(
    help: str,
    *,
    default: Any = None,
    parse: Callable[[str], Any] | None = None,
    choices: Sequence[str] = (),
    metavar: str | None = None,
    role: Role = Role.ROWS,
    level: Level = Level.NORMAL,
    is_repeated: bool = False,
    takes_several: bool = False,
    is_list: bool = False,
    read_by_spark: bool = False,
    default_text: str | None = None,
) -> Any:
    """A field of a group of settings (`jobs.settings.groups`); see `Flag`."""
    flag = Flag(
        help,
        role,
        level,
        parse,
        tuple(choices),
        metavar,
        is_repeated,
        takes_several,
        is_list,
        read_by_spark,
        default_text,
    )
    return field(default=default, metadata={"flag": flag})


@dataclass(frozen=True, slots=True)
class Setting:
    """A declared setting: its name, its flag and its default."""

    name: str
    flag: Flag
    default: Any

    @property
    def option(self) -> str:
        """The flag's spelling, such as `--tail-share`."""
        return "--" + self.name.replace("_", "-")

    @property
    def default_text(self) -> str | None:
        """The default as help shows it, None where there is none."""
        if self.flag.default_text is not None:
            return self.flag.default_text
        if self.default in (None, "", ()) or self.flag.is_switch:
            return None
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return self.default if isinstance(self.default, str) else f"{self.default:,.10g}"


def settings_of(group: type) -> tuple[Setting, ...]:
    """The settings of a group, in the order of their declaration."""
    return tuple(Setting(item.name, item.metadata["flag"], item.default) for item in dataclasses.fields(group))
