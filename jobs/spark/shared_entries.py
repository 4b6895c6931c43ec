"""Entries on their way to the workers: one list as a broadcast, several as files that all workers of a host map."""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from pyspark import Broadcast, SparkFiles
from pyspark.sql import SparkSession

from metadata.lists import EntryLists
from udfs.matching.boundaries import Boundaries
from udfs.matching.by_language import LanguageMatcher, ListLabels
from udfs.matching.list_matchers import cached_lists, write_lists
from udfs.matching.matcher import Matcher, cached_matcher, pack_entries


@dataclass(frozen=True, slots=True)
class SharedList:
    """A list for all captions, which each worker turns into an automaton."""

    packed: Broadcast[bytes]
    boundaries: Boundaries

    def matcher(self) -> Matcher:
        """The matcher of this worker."""
        return cached_matcher(self.packed.value, self.boundaries)

    def destroy(self) -> None:
        """Free the memory of the entries."""
        self.packed.destroy()


@dataclass(frozen=True, slots=True)
class SharedLists:
    """Lists by language, in a folder that Spark makes on each executor and deletes with the session."""

    folder: str
    labels: ListLabels
    hot_lists: int

    def matcher(self) -> LanguageMatcher:
        """The matcher of this worker."""
        lists = cached_lists(Path(SparkFiles.get(self.folder)), self.hot_lists)
        return LanguageMatcher(lists, self.labels)

    def destroy(self) -> None:
        """The files stay until the session ends."""


SharedEntries = SharedList | SharedLists


def share_entries(
    spark: SparkSession, lists: EntryLists, hot_lists: int, languages: frozenset[str] | None = None
) -> SharedEntries:
    """Send entries to the workers. Those of several lists become files on the driver, then one archive; only lists to
    which one of `languages` leads are sent, None for all."""
    if lists.labels is None:
        (only,) = lists.lists
        return SharedList(spark.sparkContext.broadcast(pack_entries(lists.entries)), only.boundaries)
    name = f"lists-{uuid.uuid4().hex[:12]}"
    folder = Path(SparkFiles.getRootDirectory(), f"{name}-written")
    folder.mkdir()
    write_lists(lists.parts(None if languages is None else set(lists.lists_of(languages).values())), folder)
    archive = shutil.make_archive(f"{folder}-archive", "zip", folder)
    shutil.rmtree(folder)
    spark.sparkContext.addArchive(f"{archive}#{name}")
    return SharedLists(name, lists.list_labels, hot_lists)
