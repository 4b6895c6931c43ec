"""One record of a WAT file: the metadata that CommonCrawl's extractor took from a response, decoded to typed structs.

A WAT holds less than its page: of `img src` only `alt` and `title`, with values as the extractor decoded them.
"""

import json
from typing import Any, NamedTuple, TypeVar

import msgspec

from udfs.html.document import Document, Image
from udfs.html.profiles import PAPER, Profile
from udfs.opt_outs import HEADERS, METAS
from udfs.outcomes import Outcome

_T = TypeVar("_T")
_IMAGE_PATH = "IMG@/src"
_MAX_OFFSET_DIGITS = 18  # fits in 64 bits; no file is an exabyte long


class WatPage(NamedTuple):
    """A page as its WAT record describes it; `warc_name` and `warc_offset` are None if the record has no Container.
    `opt_outs` are its HTTP fields of `opt_outs.HEADERS`, in lower case, each as often as it was sent. `is_odd` says
    that values of unexpected types were left out."""

    url: str | None
    document: Document
    warc_name: str | None
    warc_offset: int | None
    opt_outs: tuple[tuple[str, str], ...] = ()
    is_odd: bool = False


class _Link(msgspec.Struct):
    path: str = ""
    url: str | None = None
    alt: str | None = None
    title: str | None = None


class _Head(msgspec.Struct, rename="pascal"):
    base: str | None = None
    metas: Any = None


class _Html(msgspec.Struct, rename="pascal"):
    head: _Head = msgspec.field(default_factory=_Head)
    links: list[_Link] = []


class _Response(msgspec.Struct):
    html: _Html | None = msgspec.field(name="HTML-Metadata", default=None)
    headers: Any = msgspec.field(name="Headers", default=None)


class _Payload(msgspec.Struct):
    response: _Response | None = msgspec.field(name="HTTP-Response-Metadata", default=None)


class _WarcHeader(msgspec.Struct):
    target: str | None = msgspec.field(name="WARC-Target-URI", default=None)
    record_type: str | None = msgspec.field(name="WARC-Type", default=None)


class _Envelope(msgspec.Struct):
    payload: _Payload = msgspec.field(name="Payload-Metadata", default_factory=_Payload)
    header: _WarcHeader = msgspec.field(name="WARC-Header-Metadata", default_factory=_WarcHeader)


class _Container(msgspec.Struct, rename="pascal"):
    filename: str | None = None
    offset: str | int | None = None


class _Wat(msgspec.Struct, rename="pascal"):
    envelope: _Envelope
    container: _Container | None = None


_decode = msgspec.json.Decoder(_Wat).decode


def wat_page(payload: bytes, profile: Profile = PAPER) -> WatPage | Outcome:
    """The page of one WAT metadata record, or the outcome that explains why there is none.

    Raises `ValueError` for a payload that is not the JSON of a WAT record. Invalid UTF-8 and lone surrogates, which
    the extractor writes for some pages, become U+FFFD. A value of an unexpected type is left out, and the rest is used:
    an image whose `url` is a number has no URL, and a link that is a string is no link.
    """
    try:
        try:
            wat, is_odd = _decode(payload), False
        except (msgspec.DecodeError, UnicodeDecodeError):
            wat, is_odd = _decode_leniently(payload)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    response = wat.envelope.payload.response
    if wat.envelope.header.record_type != "response":
        return Outcome.RECORD_NOT_RESPONSE
    if response is None or response.html is None:
        return Outcome.PAGE_NOT_HTML
    images = [_image(link, profile) for link in response.html.links if link.path == _IMAGE_PATH]
    # as for HTML: a page without images has nothing to opt out
    metas = _metas(response.html.head.metas) if images else ()
    document = Document(response.html.head.base, images, metas=metas)
    opt_outs = _opt_outs(response.headers)
    offset = "" if wat.container is None or wat.container.offset is None else str(wat.container.offset)
    if wat.container is None or not offset.isdecimal() or len(offset) > _MAX_OFFSET_DIGITS:
        return WatPage(wat.envelope.header.target, document, None, None, opt_outs, is_odd)
    return WatPage(wat.envelope.header.target, document, wat.container.filename, int(offset), opt_outs, is_odd)


def _image(link: _Link, profile: Profile) -> Image:
    texts = (("alt", link.alt), ("title", link.title))
    return Image(link.url, tuple([(key, text) for key, text in texts if text is not None and key in profile.text_keys]))


def _metas(metas: Any) -> tuple[tuple[str, str], ...]:
    """The (name, content) of the meta tags of `opt_outs.METAS`, in the form of `Document.metas`."""
    named = []
    for meta in metas if isinstance(metas, list) else ():
        name, content = (meta.get("name"), meta.get("content")) if isinstance(meta, dict) else (None, None)
        if isinstance(name, str) and isinstance(content, str) and (name := name.strip().lower()) in METAS:
            named.append((name, content))
    return tuple(named)


def _opt_outs(headers: Any) -> tuple[tuple[str, str], ...]:
    """The fields of `opt_outs.HEADERS`. A WAT holds a field that was sent several times as a list."""
    fields: list[tuple[str, str]] = []
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if name.lower() in HEADERS:
            values = value if isinstance(value, list) else [value]
            fields += [(name.lower(), item) for item in values if isinstance(item, str)]
    return tuple(fields)


class _LenientReader:
    """Builds the structs from JSON of any shape. A value of an unexpected type is left out, and noted in `is_odd`."""

    def __init__(self) -> None:
        self.is_odd = False

    def wat(self, value: Any) -> _Wat:
        """Raises `ValueError` where an odd value leaves no page: above its links, there is nothing to save."""
        envelope = _object(_object(value).get("Envelope"))
        header = _object(envelope.get("WARC-Header-Metadata", {}))
        payload = _object(envelope.get("Payload-Metadata", {}))
        response = payload.get("HTTP-Response-Metadata")
        response = {} if response is None else _object(response)
        html = response.get("HTML-Metadata")
        return _Wat(
            _Envelope(
                _Payload(_Response(None if html is None else self._html(_object(html)), response.get("Headers"))),
                _WarcHeader(self._field(header.get("WARC-Target-URI")), self._field(header.get("WARC-Type"))),
            ),
            self._container(value.get("Container")),
        )

    def _html(self, html: dict[str, Any]) -> _Html:
        head, links = self._is_a(dict, html.get("Head")) or {}, self._is_a(list, html.get("Links")) or []
        objects = [link for link in links if isinstance(link, dict)]
        self.is_odd |= len(objects) < len(links)
        return _Html(_Head(self._text(head.get("Base")), head.get("Metas")), [self._link(link) for link in objects])

    def _link(self, link: dict[str, Any]) -> _Link:
        path, *rest = (self._text(link.get(key)) for key in ("path", "url", "alt", "title"))
        return _Link(path or "", *rest)

    def _container(self, value: Any) -> _Container:
        container = self._is_a(dict, value) or {}
        offset = container.get("Offset")
        place = offset if type(offset) is int else self._text(offset)
        return _Container(self._text(container.get("Filename")), place)

    def _field(self, value: Any) -> str | None:
        """The text of a WARC field. A WAT holds a field that was sent several times as a list: the first counts."""
        return self._text(value[0] if isinstance(value, list) and value else value)

    def _text(self, value: Any) -> str | None:
        return self._is_a(str, value)

    def _is_a(self, kind: type[_T], value: Any) -> _T | None:
        """The value if it is of this type. Null counts as absent."""
        if isinstance(value, kind):
            return value
        self.is_odd |= value is not None
        return None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not the JSON of a WAT record")
    return value


def _decode_leniently(payload: bytes) -> tuple[_Wat, bool]:
    """Decode what strict decoding rejects: odd values are left out, and lone surrogates, which the standard library
    accepts, replaced. Also returns whether there were odd values."""
    value = json.loads(payload.decode("utf-8", "replace"), object_hook=_replace_surrogates, parse_int=_integer)
    reader = _LenientReader()
    return reader.wat(value), reader.is_odd


def _integer(digits: str) -> int | float:
    """An integer, or if it is longer than any that is read, a float: Python refuses to convert 5,000 digits."""
    return int(digits) if len(digits) <= _MAX_OFFSET_DIGITS else float(digits)


def _replace_surrogates(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: item.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(item, str) else item
        for key, item in value.items()
    }
