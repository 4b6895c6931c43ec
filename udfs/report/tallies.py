"""What the pairs of a pool or subset are like, beside their entries: sums over Arrow batches, made in one pass.

Nothing here looks at an image: what an image is follows from its URL alone.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from udfs.report.figures import LENGTH_BINS, LENGTH_STEP, TOP_SITES, Traits
from udfs.sums import Key, Sums, counted, of_kind

TRAIT_COLUMNS = ("lang", "page_url", "caption", "text_key", "url", "list")
"""The columns that `traits` reads, as far as the rows have them."""
_LANGUAGE, _SITE, _LENGTH, _TEXT_KEY, _DRAWN = "language", "site", "length", "text key", "drawn"
_LIST, _BETWEEN = "list", "\0"
LARGEST = {_SITE: TOP_SITES}
"""Only the largest sites are kept: their number grows with the pool."""

_SVG, _ICON = "svg", "icon"
_SITE_OF = r"^https?://(?:[^/?#@]*@)?(?:www\.)?(?P<site>\[[^\]]*\]|[^/?#:]+)"
_IS_SVG = r"^[^?#]*\.svgz?(?:[?#]|$)"
_IS_ICON = r"^[^?#]*(?:\.(?:ico|cur)|/(?:favicon|apple-touch-icon)[^/?#]*)(?:[?#]|$)"


def traits(batch: pa.RecordBatch) -> Sums:
    """The languages, sites, caption lengths, text keys, drawn images and lists of a batch.

    A site is the host of `page_url` without a leading `www.`. A length is in characters. An SVG has a path that ends in
    .svg or .svgz; an icon one that ends in .ico or .cur, or whose last part starts with `favicon` or
    `apple-touch-icon`. Of an icon that is an SVG, the icon counts.
    """
    found: dict[tuple[str, Key], int] = {}
    columns = batch.schema.names
    if "lang" in columns:
        found |= counted(_LANGUAGE, batch.column("lang"))
    if "text_key" in columns:
        found |= counted(_TEXT_KEY, batch.column("text_key"))
    if "page_url" in columns:
        found |= counted(_SITE, sites_of(batch.column("page_url")))
    if "caption" in columns:
        lengths = pc.divide(pc.utf8_length(batch.column("caption")), LENGTH_STEP)
        found |= counted(_LENGTH, pc.min_element_wise(lengths, LENGTH_BINS - 1))
    if "url" in columns:
        found |= _drawn(batch.column("url"))
    if "list" in columns and "lang" in columns:
        found |= counted(_LIST, pc.binary_join_element_wise(batch.column("list"), batch.column("lang"), _BETWEEN))
    return found


def sites_of(page_urls: pa.Array) -> pa.Array:
    """The site of each page; null for what is not an http(s) URL."""
    return pc.struct_field(pc.extract_regex(page_urls, _SITE_OF), "site")


def _drawn(urls: pa.Array) -> Sums:
    icons = pc.match_substring_regex(urls, _IS_ICON, ignore_case=True)
    svgs = pc.and_not(pc.match_substring_regex(urls, _IS_SVG, ignore_case=True), icons)
    return {(_DRAWN, _ICON): pc.sum(icons).as_py() or 0, (_DRAWN, _SVG): pc.sum(svgs).as_py() or 0}


def made_traits(sums: Sums, columns: Sequence[str]) -> Traits:
    """The sums of all batches as the page shows them. `columns` are those that the rows have."""
    lengths = of_kind(sums, _LENGTH)
    drawn = of_kind(sums, _DRAWN)
    return Traits(
        languages=_known(of_kind(sums, _LANGUAGE)),
        sites=_known(of_kind(sums, _SITE)),
        lengths=[lengths.get(place, 0) for place in range(LENGTH_BINS)] if lengths else [],
        text_keys=_known(of_kind(sums, _TEXT_KEY)),
        svgs=drawn.get(_SVG, 0) if "url" in columns else None,
        icons=drawn.get(_ICON, 0) if "url" in columns else None,
        lists=_by_list(_known(of_kind(sums, _LIST))),
    )


def _by_list(counts: dict[str, int]) -> dict[tuple[str, str], int]:
    """By list and language."""
    found = {}
    for key, many in counts.items():
        code, _, language = key.partition(_BETWEEN)
        found[code, language] = many
    return found


def _known(counts: dict[str | None, int]) -> dict[str, int]:
    """By descending count, then by name; a null is not shown."""
    known = [(name, many) for name, many in counts.items() if name is not None]
    return dict(sorted(known, key=lambda item: (-item[1], item[0])))
