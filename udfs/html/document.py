"""What extraction takes from a page, whether it comes as HTML or as a WAT's JSON."""

from typing import NamedTuple


class Image(NamedTuple):
    """An `img` element: `src`, the texts present as (text_key, value), and where `src` is not the image's address, the
    URLs to try before it; all as written, entities decoded."""

    src: str | None
    texts: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()


class Document(NamedTuple):
    """A page: its images in document order and, where there are any, the first `<base href>` to resolve their URLs by.

    `is_capped` where the page has more than `html_limits` allow, which was not looked at. `metas` are the names (lower
    case) and contents of the `meta` elements that may say no to its use (`opt_outs`). `twins` counts the images in
    `noscript` that are one with another.
    """

    base_href: str | None
    images: list[Image]
    is_capped: bool = False
    metas: tuple[tuple[str, str], ...] = ()
    twins: int = 0


NO_IMAGES = Document(None, [])
