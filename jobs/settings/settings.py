"""All settings in one value, and which of them a command takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from jobs.settings.building import EntryBuild, Ngrams, Titles, Wiki
from jobs.settings.download import Export, Listing, Survivors
from jobs.settings.fields import Setting, settings_of
from jobs.settings.groups import (
    Blocking,
    Captions,
    Dedup,
    Draws,
    Entries,
    Execution,
    GivenCounts,
    Inputs,
    Output,
    Parsing,
    Reading,
    Reporting,
    Threshold,
)
from jobs.settings.images import (
    Checking,
    Clustering,
    Downloaded,
    Embedding,
    FromCheck,
    Labelling,
    NearDuplicates,
    Searching,
    Sharding,
)
from udfs.errors import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a command. Groups that it does not take keep their defaults."""

    output: Output = field(default_factory=Output)
    entries: Entries = field(default_factory=Entries)
    threshold: Threshold = field(default_factory=Threshold)
    inputs: Inputs = field(default_factory=Inputs)
    captions: Captions = field(default_factory=Captions)
    parsing: Parsing = field(default_factory=Parsing)
    blocking: Blocking = field(default_factory=Blocking)
    dedup: Dedup = field(default_factory=Dedup)
    draws: Draws = field(default_factory=Draws)
    counts: GivenCounts = field(default_factory=GivenCounts)
    survivors: Survivors = field(default_factory=Survivors)
    listing: Listing = field(default_factory=Listing)
    export: Export = field(default_factory=Export)
    checking: Checking = field(default_factory=Checking)
    near: NearDuplicates = field(default_factory=NearDuplicates)
    images: FromCheck = field(default_factory=FromCheck)
    download: Downloaded = field(default_factory=Downloaded)
    sharding: Sharding = field(default_factory=Sharding)
    embedding: Embedding = field(default_factory=Embedding)
    labelling: Labelling = field(default_factory=Labelling)
    searching: Searching = field(default_factory=Searching)
    clustering: Clustering = field(default_factory=Clustering)
    wiki: Wiki = field(default_factory=Wiki)
    build: EntryBuild = field(default_factory=EntryBuild)
    ngrams: Ngrams = field(default_factory=Ngrams)
    titles: Titles = field(default_factory=Titles)
    reading: Reading = field(default_factory=Reading)
    reporting: Reporting = field(default_factory=Reporting)
    execution: Execution = field(default_factory=Execution)

    @classmethod
    def of(cls, **named: Any) -> "Settings":
        """Make settings from values named like their flags, such as `Settings.of(out="run", t=(20_000,))`.

        Raises `TypeError` for a name that is not a setting.
        """
        unknown = sorted(named.keys() - SETTINGS.keys())
        if unknown:
            raise TypeError(f"no such setting: {', '.join(unknown)}{did_you_mean(unknown[0], SETTINGS)}")
        groups = {}
        for place, group in GROUPS.items():
            mine = {item.name: named[item.name] for item in settings_of(group) if item.name in named}
            if mine:
                groups[place] = group(**mine)
        return cls(**groups)

    def value(self, name: str) -> Any:
        """Return the value of a setting, named like its flag."""
        return getattr(getattr(self, _PLACES[name]), name)

    def named_paths(self, *, read_by_spark: bool = False) -> Iterator[tuple[str, str]]:
        """Yield each folder and file that the settings name, with its flag; or only those that Spark itself uses."""
        for name, item in SETTINGS.items():
            if item.flag.names_path and (item.flag.read_by_spark or not read_by_spark):
                value = self.value(name)
                yield from ((item.option, path) for path in (value if isinstance(value, tuple) else [value]) if path)

    def paths(self, *inputs: str) -> list[str]:
        """List the inputs, and all folders and files that the settings name."""
        return [*inputs, *(path for _, path in self.named_paths())]

    def spark_paths(self, *inputs: str) -> list[str]:
        """List the inputs, and the folders and files of the settings that Spark itself reads or writes."""
        return [*inputs, *(path for _, path in self.named_paths(read_by_spark=True))]


GROUPS: dict[str, type] = {item.name: item.default_factory for item in fields(Settings)}  # type: ignore[misc]
"""The groups by their field in `Settings`, in the order of `--help`."""

SETTINGS: dict[str, Setting] = {item.name: item for group in GROUPS.values() for item in settings_of(group)}
"""Every setting by name."""

_PLACES = {item.name: place for place, group in GROUPS.items() for item in settings_of(group)}


class Taken(NamedTuple):
    """A group, and those of its settings that a command takes."""

    group: type
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """The group's title in `--help`."""
        return (self.group.__doc__ or "").strip()


def take(group: type, *names: str) -> Taken:
    """Declare that a command takes a group of settings, or only these of its settings."""
    return Taken(group, names or tuple(item.name for item in settings_of(group)))


def takes(*groups: type | Taken) -> tuple[Taken, ...]:
    """Return the groups of settings that a command takes, each whole or as `take` gives it."""
    return tuple(group if isinstance(group, Taken) else take(group) for group in groups)


def names_of(taken: Sequence[Taken]) -> tuple[str, ...]:
    """List the names of the settings taken, in order."""
    return tuple(name for one in taken for name in one.names)
