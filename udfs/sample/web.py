"""A small deterministic web with known images and captions, for ``ballast sample`` and for tests.

Page ``i`` is a pure function of (seed, i), by one random generator seeded with both: the first hundred pages of a
thousand are those of a web of a hundred. The first ``len(_OPENING) + len(_OTHER_KINDS)`` pages cover every feature;
later ones mix them at random. Hosts are reserved names (RFC 2606), all sentences are our own.
"""

import html
import json
import zlib
from dataclasses import dataclass
from io import BytesIO
from random import Random

from fastwarc.stream_io import BrotliWriter

from udfs.errors import UsageError
from udfs.sample.words import OTHER_LANGUAGES, compose_caption, compose_nothing

HOSTS = ("gallery.example", "news.example", "shop.example", "blog.example", "travel.example", "museum.example")


@dataclass(frozen=True, slots=True)
class SampleImage:
    """One ``img`` element as a browser sees it: raw ``src`` and texts, entities decoded; None if absent."""

    src: str | None
    alt: str | None = None
    title: str | None = None
    data_title: str | None = None


@dataclass(frozen=True, slots=True)
class SamplePage:
    """One HTTP exchange and its ground truth.

    ``body`` is the body as sent: chunked and content-encoded if ``headers`` say so. ``images`` are in document order,
    with those in ``noscript``, without those in comments, scripts, styles, ``template`` and other raw text. An error
    page has images too; a response that is not HTML (``html`` False) has none. ``encoding`` is the WHATWG name of the
    encoding that a browser would use. ``features`` names what the page was made to contain.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    html: bool
    base_href: str | None
    images: tuple[SampleImage, ...]
    lang: str
    encoding: str
    title: str
    links: tuple[tuple[str, str], ...]
    features: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Charset:
    """How a page declares its encoding, and the languages of such pages."""

    codec: str
    encoding: str
    header: str = ""
    meta: str = ""
    bom: bytes = b""
    langs: tuple[str, ...] = ("en", *OTHER_LANGUAGES)


_WESTERN = ("en", "de", "fr", "es", "it")
_CHARSETS: dict[str, _Charset] = {
    "utf8-header": _Charset("utf-8", "utf-8", header="utf-8"),
    "utf8-meta": _Charset("utf-8", "utf-8", meta='<meta charset="UTF-8">'),
    "utf8-undeclared": _Charset("utf-8", "utf-8"),
    "utf8-bom": _Charset("utf-8", "utf-8", bom=b"\xef\xbb\xbf"),
    "utf16le-bom": _Charset("utf-16-le", "utf-16le", bom=b"\xff\xfe"),
    "cp1252-meta": _Charset(
        "cp1252",
        "windows-1252",
        meta='<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1252">',
        langs=_WESTERN,
    ),
    "cp1252-undeclared": _Charset("cp1252", "windows-1252", langs=_WESTERN),
    # The Encoding standard reads the label iso-8859-1 as windows-1252; pages rely on it for curly quotes.
    "latin1-header": _Charset("cp1252", "windows-1252", header="ISO-8859-1", langs=_WESTERN),
    "cp1251-header": _Charset("cp1251", "windows-1251", header="windows-1251", langs=("ru",)),
    "sjis-meta": _Charset("cp932", "shift_jis", meta="<meta charset=Shift_JIS>", langs=("ja",)),
}
_ENCODINGS = ("identity", "gzip", "deflate", "deflate-raw", "br")
_BASES = ("", "absolute", "relative", "protocol-relative")
_STYLES = ("double", "single", "unquoted", "upper")
# Charset, language, content encoding, chunked, base of each page. Together they cover every charset, encoding and base.
_OPENING: tuple[tuple[str, str, str, bool, str], ...] = (
    ("utf8-header", "en", "identity", False, ""),
    ("utf8-undeclared", "de", "gzip", False, ""),
    ("cp1252-meta", "en", "identity", True, ""),
    ("utf8-header", "en", "deflate", False, "absolute"),
    ("cp1251-header", "ru", "gzip", True, ""),
    ("utf8-bom", "en", "identity", False, "relative"),
    ("sjis-meta", "ja", "identity", False, ""),
    ("latin1-header", "fr", "br", False, ""),
    ("utf16le-bom", "en", "gzip", False, "protocol-relative"),
    ("utf8-meta", "ar", "deflate-raw", False, ""),
    ("cp1252-undeclared", "en", "identity", False, ""),
    ("utf8-header", "es", "br", True, ""),
)
_OTHER_KINDS = ("png", "json", "error-404")
_IMAGE_KINDS: tuple[str, ...] = (
    *("absolute", "root-relative", "relative", "protocol-relative", "title", "data-title", "three-texts", "same-texts"),
    *("blank-alt", "no-text", "data-url", "no-src", "empty-src", "ftp-src", "file-src", "bad-url", "entity-src"),
    *("entity-alt", "broken-lines", "noscript", "stock", "stock-other-caption", "no-concept", "padded-src"),
)
# Where pages hide images that no browser shows; {} stands for the decoy's tag.
_DECOYS: dict[str, str] = {
    "comment": "<!-- {} -->",
    "script": "<script>document.write('{}');</script>",
    "style": "<style>/* {} */ p {{ margin: 0 }}</style>",
    "template": "<template><p>{}</p></template>",
    "textarea": "<textarea rows=2>{}</textarea>",
    "iframe": "<iframe>{}</iframe>",
    "xmp": "<xmp>{}</xmp>",
    "noembed": "<noembed>{}</noembed>",
}


def make_page(index: int, seed: int) -> SamplePage:
    """Page ``index`` (from 0) of the web of this ``seed``. Raises UsageError for a negative index."""
    if index < 0:
        raise UsageError(f"a page number must be 0 or more, not {index}")
    rng = Random(f"{seed}:{index}")
    kind = "html" if index < len(_OPENING) else rng.choices(("html", *_OTHER_KINDS), weights=(88, 4, 4, 4))[0]
    if len(_OPENING) <= index < len(_OPENING) + len(_OTHER_KINDS):
        kind = _OTHER_KINDS[index - len(_OPENING)]
    url = f"{rng.choice(('https', 'https', 'http'))}://{rng.choice(HOSTS)}/{rng.choice(('a', 'tour/2024'))}/{index}"
    if kind in ("png", "json"):
        return _make_other(url, kind, rng)
    return _make_html(url, index, seed, 404 if kind == "error-404" else 200, rng)


def _make_other(url: str, kind: str, rng: Random) -> SamplePage:
    """A response that is not HTML, but whose bytes contain an ``img`` tag."""
    decoy = '<img src="https://decoy.example/other.jpg" alt="decoy in another type">'
    if kind == "json":
        url, mime, body = f"{url}.json", "application/json", json.dumps({"html": decoy}).encode()
    else:
        url, mime, body = f"{url}.png", "image/png", b"\x89PNG\r\n\x1a\n" + rng.randbytes(64) + decoy.encode()
    headers = (("Content-Type", mime), ("Content-Length", str(len(body))))
    return SamplePage(url, 200, headers, body, False, None, (), "", "", "", (), frozenset({kind}))


def _make_html(url: str, index: int, seed: int, status: int, rng: Random) -> SamplePage:
    """An HTML page: one of ``_OPENING`` by its number, later ones at random."""
    if index < len(_OPENING):
        charset_name, lang, encoding, chunked, base = _OPENING[index]
        kinds = [*_IMAGE_KINDS[index :: len(_OPENING)], "absolute", "stock"]
        decoys, style = [list(_DECOYS)[index % len(_DECOYS)]], _STYLES[index % len(_STYLES)]
    else:
        lang = "en" if rng.random() < 0.77 else rng.choice(OTHER_LANGUAGES)  # the opening has fewer
        charset_name = rng.choice([name for name, charset in _CHARSETS.items() if lang in charset.langs])
        encoding, chunked = rng.choice(_ENCODINGS), rng.random() < 0.2
        base = rng.choice((*_BASES, "", ""))
        kinds = [rng.choice((*_IMAGE_KINDS, "relative", "absolute", "stock")) for _ in range(rng.randrange(7))]
        decoys, style = [name for name in _DECOYS if rng.random() < 0.1], rng.choice(_STYLES)
    charset = _CHARSETS[charset_name]
    host = url.split("/")[2]
    images = tuple(_make_image(kind, lang, host, seed, index, rng) for kind in kinds)
    links = tuple((f"/a/{rng.randrange(1000)}", compose_caption(rng, lang)) for _ in range(rng.randrange(1, 4)))
    base_href = {
        "absolute": f"https://cdn.{host}/assets/",
        "relative": "../media/",
        "protocol-relative": f"//static.{host}/v2/",
    }.get(base)
    title = "Not found" if status == 404 else compose_caption(rng, lang)
    tags = [_in_place(_write_tag(image, style, rng), kind) for image, kind in zip(images, kinds, strict=True)]
    text = _lay_out(title, lang, charset.meta, base_href, tags, links, decoys)
    # A character that the encoding lacks becomes a character reference, so the ground truth stays right.
    content = charset.bom + text.encode(charset.codec, errors="xmlcharrefreplace")
    headers, body = _transfer(content, charset.header, encoding, chunked, rng)
    features = {charset_name, encoding, f"lang-{lang}", f"style-{style}", *kinds, *(f"decoy-{name}" for name in decoys)}
    features |= ({"chunked"} if chunked else set()) | ({f"base-{base}"} if base else set())
    features |= ({"error-404"} if status == 404 else set()) | ({"no-images"} if not kinds else set())
    return SamplePage(
        *(url, status, headers, body, True, base_href, images, lang, charset.encoding, title, links),
        frozenset(features),
    )


def _make_image(kind: str, lang: str, host: str, seed: int, index: int, rng: Random) -> SampleImage:
    """The image with the feature ``kind``. A kind not named here is a form of address, with an alt."""
    caption, name = compose_caption(rng, lang), f"{index}-{rng.randrange(10_000)}.jpg"
    if kind.startswith("stock"):
        # Its own generator makes pages share images and captions, like the duplicates of a real crawl.
        number = rng.randrange(3 if index < len(_OPENING) else 30)
        shared = compose_caption(Random(f"{seed}:stock:{number}"), "en")
        return SampleImage(f"https://stock.example/p/{number}.jpg", shared if kind == "stock" else caption)
    odd_sources = {
        "data-url": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=",
        "no-src": None,
        "empty-src": "",
        "ftp-src": f"ftp://files.{host}/{name}",
        "file-src": f"file:///home/{name}",
        "bad-url": f"http://[bad/{name}",
        "absolute": f"https://img.{host}/photos/{name}",
        "root-relative": f"/photos/{name}",
        "protocol-relative": f"//img.{host}/{name}",
        "entity-src": f"/resize?file={name}&width=640&fit=crop",
        "padded-src": f" \n photos/{name} ",
    }
    src = odd_sources.get(kind, f"photos/{name}")
    match kind:
        case "title":
            return SampleImage(src, title=caption)
        case "data-title":
            return SampleImage(src, alt="", data_title=caption)
        case "three-texts":
            return SampleImage(src, caption, compose_caption(rng, lang), compose_caption(rng, lang))
        case "same-texts":
            return SampleImage(src, caption, caption)
        case "blank-alt":
            return SampleImage(src, rng.choice(("", "  ", "\u00a0")))
        case "no-text":
            return SampleImage(src)
        case "entity-alt":
            return SampleImage(src, f'{caption} & "friends" <3')
        case "broken-lines":
            return SampleImage(src, f"\n  {caption.replace(' ', chr(10), 1)}\u00a0 \t")
        case "no-concept":
            return SampleImage(src, compose_nothing(rng))
    return SampleImage(src, caption)


def _write_tag(image: SampleImage, style: str, rng: Random) -> str:
    """The ``img`` tag in one of ``_STYLES``: its attributes, and two irrelevant ones, in random order."""
    named = (("src", image.src), ("alt", image.alt), ("title", image.title), ("data-image-title", image.data_title))
    pairs = [(name, value) for name, value in named if value is not None]
    pairs += [("width", "640"), ("class", "photo wide")]
    rng.shuffle(pairs)
    attributes = " ".join(_write_attribute(name, value, style) for name, value in pairs)
    return f"<IMG {attributes}>" if style == "upper" else f"<img {attributes}{rng.choice(('>', ' />'))}"


def _write_attribute(name: str, value: str, style: str) -> str:
    escaped = html.escape(value, quote=False).replace("é", "&eacute;").replace("\u00a0", "&nbsp;")
    if style == "unquoted" and value and not set(value) & set(" \n\t\f\"'=<>`\u00a0"):
        return f"{name}={escaped}"
    if style == "single":
        return "{}='{}'".format(name, escaped.replace("'", "&#39;"))
    written = name.upper() if style == "upper" else name
    return '{}="{}"'.format(written, escaped.replace('"', "&quot;"))


def _in_place(tag: str, kind: str) -> str:
    return f"<noscript>{tag}</noscript>" if kind == "noscript" else f"<p>{tag}</p>"


def _lay_out(
    title: str,
    lang: str,
    meta: str,
    base_href: str | None,
    tags: list[str],
    links: tuple[tuple[str, str], ...],
    decoys: list[str],
) -> str:
    """The page's text. The accents in its footer ensure that its windows-1252 bytes are not valid UTF-8."""
    base = "" if base_href is None else f'<base href="{html.escape(base_href)}">'
    hidden = [
        _DECOYS[name].format(f'<img src="https://decoy.example/{name}.jpg" alt="decoy in {name}">') for name in decoys
    ]
    anchors = [f'<a href="{html.escape(href)}">{html.escape(text)}</a>' for href, text in links]
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{lang}">',
        f"<head>{meta}{base}<title>{html.escape(title)}</title></head>",
        "<body>",
        *hidden,
        *tags,
        *anchors,
        "<p>© Café Ballast</p>",
        "</body></html>",
    ]
    return "\n".join(lines)


def _transfer(
    content: bytes, charset: str, encoding: str, chunked: bool, rng: Random
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The HTTP headers and the body as sent."""
    body = _encode_content(content, encoding)
    headers = [("Content-Type", f"text/html; charset={charset}" if charset else "text/html")]
    if encoding != "identity":
        headers.append(("Content-Encoding", "deflate" if encoding == "deflate-raw" else encoding))
    if not chunked:
        return (*headers, ("Content-Length", str(len(body)))), body
    size = rng.randrange(100, 500)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    wire = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return (*headers, ("Transfer-Encoding", "chunked")), wire


def _encode_content(content: bytes, encoding: str) -> bytes:
    if encoding == "identity":
        return content
    if encoding == "br":
        sink = BytesIO()
        writer = BrotliWriter(sink)
        writer.write(content)
        writer.close()
        return sink.getvalue()
    # In RFC 9110 "deflate" is a zlib stream; browsers also accept a raw one, because many servers send it.
    window_bits = {"gzip": 31, "deflate": 15, "deflate-raw": -15}[encoding]
    compressor = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return compressor.compress(content) + compressor.flush()
