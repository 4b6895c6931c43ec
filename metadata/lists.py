"""The lists of entries of a run: one for all captions, or one for each language."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from metadata.entries import EntryList
from udfs.errors import UsageError, did_you_mean
from udfs.matching.boundaries import Boundaries, default_boundaries
from udfs.matching.by_language import ListLabels

if TYPE_CHECKING:
    from udfs.fingerprint import Fingerprint

OTHER = "other"
"""The list of captions in a language that no other list is for."""


@dataclass(frozen=True, slots=True)
class NamedList:
    """One of the lists. Its entries are read when they are needed, since those of 300 lists would fill the memory."""

    code: str
    """The language; empty for a list that is for all captions."""
    boundaries: Boundaries
    size: int
    sha256: str
    load: Callable[[], EntryList] = field(repr=False, compare=False)

    @property
    def fingerprint(self) -> dict[str, int | str]:
        """What identifies the entries, their ids and where they match."""
        return {"entries": self.size, "sha256": self.sha256, "boundaries": self.boundaries.value}


@dataclass(frozen=True)
class EntryLists:
    """The lists, ascending by code. `source` names them in messages.

    `labels` leads from a language, as the detector names it, to the code of its list. It is None for a file: its one
    list is for all captions, and rows do not name it.
    """

    source: str
    lists: tuple[NamedList, ...]
    labels: Mapping[str, str] | None = None

    @property
    def by_language(self) -> bool:
        """Whether there is a list for each language, so that rows say in `list` which one they were matched with."""
        return self.labels is not None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the lists, ascending."""
        return tuple(listed.code for listed in self.lists)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many entries each list has."""
        return tuple(listed.size for listed in self.lists)

    @property
    def size(self) -> int:
        """How many entries there are in all."""
        return sum(self.sizes)

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """The entries of the only list of a file."""
        (only,) = self.lists
        return only.load().entries

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """What identifies the lists, in run.json and with each column of entry ids.

        That of a file is the number of its entries and their hash, and the boundaries if these are not spaces. That of
        a folder also has the fingerprint of each list; its `sha256` is over these and the labels.
        """
        if self.labels is None:
            (only,) = self.lists
            own = {} if only.boundaries is Boundaries.SPACES else {"boundaries": only.boundaries.value}
            return {"entries": only.size, "sha256": only.sha256, **own}
        lists = {listed.code: listed.fingerprint for listed in self.lists}
        text = json.dumps([lists, dict(sorted(self.labels.items()))], sort_keys=True, separators=(",", ":"))
        return {"entries": self.size, "sha256": hashlib.sha256(text.encode()).hexdigest(), "lists": lists}

    def parts(self, codes: Collection[str] | None = None) -> Iterator[tuple[str, Boundaries, tuple[str, ...]]]:
        """The code, boundaries and entries of each list, or of those of these codes; one is in memory at a time."""
        wanted = (listed for listed in self.lists if codes is None or listed.code in codes)
        return ((listed.code, listed.boundaries, listed.load().entries) for listed in wanted)

    def of(self, code: str | None, language: str) -> NamedList | None:
        """The list of a code, or without one that of a language; None where there is no list for the language. Raises
        `UsageError` for a code without a list."""
        if code is not None and code not in self.codes:
            has = f"has no list {code}{did_you_mean(code, self.codes)}" if self.by_language else "is one list, for all"
            raise UsageError(f"--list {code}: {self.source} {has}")
        found = self.list_of(language) if code is None else code
        return next((listed for listed in self.lists if listed.code == found), None)

    def with_boundaries_of(self, matched_with: "Fingerprint | None") -> "EntryLists":
        """The same lists, with the boundaries that a pool was matched with. They make no difference to ids."""
        if matched_with is None:
            return self
        known = {code: of_list["boundaries"] for code, of_list in (matched_with.lists or {}).items()}
        if matched_with.boundaries is not None:
            known[""] = matched_with.boundaries
        lists = [
            replace(listed, boundaries=Boundaries(known.get(listed.code, listed.boundaries))) for listed in self.lists
        ]
        return replace(self, lists=tuple(lists))

    def list_of(self, label: str) -> str | None:
        """The code of the list for a language (`ListLabels.list_of`), None where there is none."""
        return "" if self.labels is None else self.list_labels.list_of(label)

    @property
    def list_labels(self) -> ListLabels:
        """Which language leads to which list."""
        return ListLabels(dict(self.labels or {}), OTHER if OTHER in self.codes else None)

    def lists_of(self, labels: Iterable[str]) -> dict[str, str]:
        """The code of the list of each of these labels, without those that have none."""
        list_of = self.list_labels.list_of
        return {label: code for label in labels if (code := list_of(label)) is not None}


def one_list(entries: EntryList, boundaries: Boundaries = Boundaries.SPACES) -> EntryLists:
    """A list for all captions."""
    return EntryLists(entries.source, (NamedList("", boundaries, entries.size, entries.sha256, lambda: entries),))


def lists_by_language(
    source: str, lists: Mapping[str, tuple[Boundaries | None, Callable[[], EntryList]]], labels: Mapping[str, str]
) -> EntryLists:
    """Lists by code: the boundaries of each, None for those that suit it, and what reads its entries; and the labels
    that lead to them.

    Each list is read once here, and dropped. `NamedList.load` reads it again and raises `UsageError` if it has changed.
    """
    named = tuple(_named(code, boundaries, load) for code, (boundaries, load) in sorted(lists.items()))
    return EntryLists(source, named, MappingProxyType(dict(labels)))


def _named(code: str, boundaries: Boundaries | None, load: Callable[[], EntryList]) -> NamedList:
    entries = load()
    chosen = boundaries or default_boundaries(code.replace("-", "_"), entries.entries)
    return NamedList(code, chosen, entries.size, entries.sha256, partial(_load_again, load, entries.sha256))


def _load_again(load: Callable[[], EntryList], sha256: str) -> EntryList:
    entries = load()
    if entries.sha256 != sha256:
        raise UsageError(f"{entries.source}: has changed since this run began: start the run again")
    return entries
