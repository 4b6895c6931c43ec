"""Build: one list of entries from the counts of the sources."""

from typing import Any

from jobs.entries.entry_list import SUFFIX, check_out, write_list
from jobs.entries.sources import ranked_sources
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from metadata.entries import EntryList
from metadata.merge import Account, RankedSource, merge, numbers
from udfs.errors import UsageError


def build_list(settings: Settings) -> tuple[EntryList, dict[str, Any]]:
    """Build a list, write it with its manifest, and return both.

    Raises `UsageError` where no source is named, and for sources that cannot be read.
    """
    out, build = settings.output.out, settings.build
    if not (build.wordnet or build.wikipedia or build.pageviews):
        raise UsageError("name at least one source: --wordnet, --wikipedia or --pageviews")
    check_out(out)
    with spark_session(settings.execution, "metadata build") as spark:
        sources = ranked_sources(spark, settings, build.sources or f"{out.removesuffix(SUFFIX)}.sources")
        sources.insert(1 if build.wordnet else 0, numbers())
        entries, accounts = merge(sources, build.size, normalize=build.normalize_entries)
    built = EntryList(tuple(entries), out)
    about = {
        "size": build.size,
        "normalized": build.normalize_entries,
        "sources": [_source_json(source, account) for source, account in zip(sources, accounts, strict=True)],
    }
    return built, write_list(built, about)


def _source_json(source: RankedSource, account: Account) -> dict[str, Any]:
    return {**account.as_json(), "candidates": source.candidates, **source.about}
