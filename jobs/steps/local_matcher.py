"""A matcher of entries in this process, without Spark."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from metadata.lists import EntryLists
from udfs.matching.by_language import LanguageMatcher
from udfs.matching.list_matchers import ListMatchers, write_lists
from udfs.matching.matcher import Matcher


@contextmanager
def local_matcher(lists: EntryLists | None) -> Iterator[Matcher | LanguageMatcher | None]:
    """The matcher of these lists, None without any. The files of several lists are deleted at the end."""
    if lists is None or not lists.by_language:
        yield None if lists is None else Matcher(lists.entries, lists.lists[0].boundaries)
        return
    with TemporaryDirectory(prefix="ballast-lists-") as folder:
        write_lists(lists.parts(), Path(folder))
        yield LanguageMatcher(ListMatchers(Path(folder), hot_lists=0), lists.list_labels)
