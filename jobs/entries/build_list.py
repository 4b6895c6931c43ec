"""Build: one list of entries from the counts of the sources."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jobs.entries.entry_list import SUFFIX, check_out, write_list
from jobs.entries.ranking import ranked_sources
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from metadata.entries import EntryList
from metadata.merge import Account, RankedSource, merge, numbers
from metadata.wikis import check_language
from udfs.errors import UsageError
from udfs.matching.boundaries import default_boundaries


def build_list(settings: Settings) -> tuple[EntryList, dict[str, Any]]:
    """Build a list, write it with its manifest, and return both.

    Raises `UsageError` where no source is named, and for sources that cannot be read.
    """
    out, build = settings.output.out, settings.build.with_recipe()
    if not (build.wordnet or build.wikipedia or build.pageviews):
        raise UsageError("name at least one source: --wordnet, --wikipedia or --pageviews")
    check_language(settings.wiki.language)
    check_out(out)
    settings = replace(settings, build=build)
    with spark_session(settings.execution, "metadata build") as spark:
        sources = ranked_sources(spark, settings, build.sources or f"{out.removesuffix(SUFFIX)}.sources")
        return merge_list(out, sources, settings)


def merge_list(
    out: str, sources: list[RankedSource], settings: Settings, made_of: Mapping[str, Any] | None = None
) -> tuple[EntryList, dict[str, Any]]:
    """Merge ranked sources and the numbers into a list, write it with its manifest, to which `made_of` is added, and
    return both."""
    build, boundaries = settings.build, default_boundaries(settings.wiki.language, ())
    sources = [*sources]
    sources.insert(1 if build.wordnet else 0, numbers())
    entries, accounts = merge(
        sources,
        build.size,
        normalize=build.normalize_entries,
        boundaries=boundaries,
        max_characters=build.max_characters,
    )
    built = EntryList(tuple(entries), out)
    about = {
        "language": settings.wiki.language,
        "recipe": build.recipe,
        "size": build.size,
        "normalized": build.normalize_entries,
        **(made_of or {}),
        "sources": [_source_json(source, account) for source, account in zip(sources, accounts, strict=True)],
    }
    return built, write_list(built, about, boundaries)


def _source_json(source: RankedSource, account: Account) -> dict[str, Any]:
    return {**account.as_json(), "candidates": source.candidates, **source.about}
