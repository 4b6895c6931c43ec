"""What extraction takes from a page, in HTML or in the JSON of a WAT."""

from typing import NamedTuple


class Image(NamedTuple):
    """An `img` element: its `src`, its texts as (text_key, value), and in `others` the URLs to try before `src`, if
    `src` is not the image's address. All as written, with entities decoded."""

    src: str | None
    texts: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()


class Document(NamedTuple):
    """A page: its images in document order, and the first `<base href>`, to resolve their URLs (None without images).

    `is_capped` says that the page exceeds the `limits`, and the part beyond them was ignored. `metas` are the names
    (lower case) and contents of the `meta` elements that may opt out (`opt_outs`). `twins` counts the images in
    `noscript` that were merged with another one.
    """

    base_href: str | None
    images: list[Image]
    is_capped: bool = False
    metas: tuple[tuple[str, str], ...] = ()
    twins: int = 0


NO_IMAGES = Document(None, [])
