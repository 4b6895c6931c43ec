"""What belongs to an image, by each parser: one rule, one page, what it comes to."""

from pathlib import Path
from unittest.mock import patch

import pytest
from cpu_time import at_most
from fastwarc import ArchiveIterator, WarcRecordType
from html5lib import html5parser
from html_pages import KNOWN, RICH_PAGES
from hypothesis import assume, example, given, settings
from rich_oracle import Found, rich_oracle

from udfs.html import parsers
from udfs.html.document import Document, Image
from udfs.html.parsers import HTML_PARSERS, parse_with_turbohtml
from udfs.html.profiles import PAPER, RICH, Profile

LAZY = "<img src=data:, data-src=a.jpg alt=x>"
TWIN = "<noscript><img src=a.jpg alt=x></noscript>"
A = Image("data:,", (("alt", "x"),), ("a.jpg",))
CASES: dict[str, tuple[str, list[Image]]] = {
    "src serves": ("<img src=a.jpg data-src=b.jpg srcset='c.jpg 2x'>", [Image("a.jpg", ())]),
    "src is a placeholder by name": ("<img src=blank.gif data-src=b.jpg>", [Image("blank.gif", (), ("b.jpg",))]),
    "src is shared by what differs": (
        "<img src=i.jpg data-src=a.jpg><img src=i.jpg data-src=b.jpg><img src=i.jpg>",
        [Image("i.jpg", (), ("a.jpg",)), Image("i.jpg", (), ("b.jpg",)), Image("i.jpg", ())],
    ),
    "src is shared by the same": ("<img src=i.jpg data-src=a.jpg>" * 2, [Image("i.jpg", ())] * 2),
    "picture": (
        "<picture><source srcset='a.webp 1x, b.webp 2x'><source srcset=c.jpg><img alt=x><source srcset=late></picture>",
        [Image(None, (("alt", "x"),), ("b.webp", "a.webp", "c.jpg"))],
    ),
    "picture's img has a src": ("<picture><source srcset=a.webp><img src=b.jpg></picture>", [Image("b.jpg", ())]),
    "sources outside": ("<source srcset=a.webp><img><picture></picture><img>", [Image(None, ()), Image(None, ())]),
    "twin after": (LAZY + TWIN, [A]),
    "twin before": (f"<p>a</p>{TWIN}{LAZY}", [A]),
    "twin lends its texts": (
        "<img data-src=a.jpg alt>" + "<noscript><img src=a.jpg alt=x title=y></noscript>",
        [Image(None, (("alt", "x"), ("title", "y")), ("a.jpg",))],
    ),
    "twin's other text counts too": (
        "<img data-src=a.jpg alt=x title=t><noscript><img src=a.jpg alt=y title=t></noscript>",
        [Image(None, (("alt", "x"), ("alt", "y"), ("title", "t")), ("a.jpg",))],
    ),
    "twin of the same alt lends its URL only": (
        "<img alt=x data-src='{w}.jpg'><noscript><img alt=x src=b.jpg title=y></noscript>",
        [Image(None, (("alt", "x"),), ("b.jpg",))],
    ),
    "twin of an image that is not lazy": ("<img src=a.jpg alt=x>" + TWIN, [Image("a.jpg", (("alt", "x"),))]),
    "another image in noscript": (
        "<img data-src=a.jpg alt=x><noscript><img src=pixel.gif alt=y></noscript>",
        [Image(None, (("alt", "x"),), ("a.jpg",)), Image("pixel.gif", (("alt", "y"),))],
    ),
    "blank alts do not make a twin": (
        "<img data-src=a.jpg alt><noscript><img src=pixel.gif alt></noscript>",
        [Image(None, (("alt", ""),), ("a.jpg",)), Image("pixel.gif", (("alt", ""),))],
    ),
    "the same URL goes before the same alt": (
        "<img src=data:, alt=x title=red><noscript><img src=a.jpg alt=x></noscript>"
        "<img data-src=a.jpg alt=x title=blue>",
        [
            Image("data:,", (("alt", "x"), ("title", "red"))),
            Image(None, (("alt", "x"), ("title", "blue")), ("a.jpg",)),
        ],
    ),
    "a placeholder is no URL to be a twin by": (
        "<img src=blank.gif data-src=a.jpg alt=x><noscript><img src=blank.gif alt=y></noscript>",
        [Image("blank.gif", (("alt", "x"),), ("a.jpg",)), Image("blank.gif", (("alt", "y"),))],
    ),
    "one twin only": (LAZY + TWIN * 2, [A, Image("a.jpg", (("alt", "x"),))]),
    "aria-label": ("<img src=a aria-label=b>", [Image("a", (("aria-label", "b"),))]),
    "caption": (
        "<figure><a><img src=a alt=x></a><figcaption> A <b>W</b>ord<p>two</p>three<br>four<script>no</script>",
        [Image("a", (("alt", "x"), ("figcaption", "A Word two three four")))],
    ),
    "caption, twins are one": (
        f"<figure>{LAZY}{TWIN}<figcaption>c</figcaption></figure>",
        [Image("data:,", (("alt", "x"), ("figcaption", "c")), ("a.jpg",))],
    ),
    "caption, icon within it": (
        "<figure><img src=a><figcaption><img src=icon>c</figcaption></figure>",
        [Image("a", (("figcaption", "c"),)), Image("icon", ())],
    ),
    "caption of two images": ("<figure><img src=a><img src=b><figcaption>c</figure>", [Image("a", ()), Image("b", ())]),
    "caption of a figure in a figure": (
        "<figure><figure><img src=a><figcaption>c</figcaption></figure><figcaption>both</figcaption></figure>",
        [Image("a", (("figcaption", "c"),))],
    ),
    "caption of a film": ("<figure><video></video><img src=a><figcaption>c</figure>", [Image("a", ())]),
    "caption, twin of another figure's image": (
        "<img data-src=a.jpg alt=A><figure><noscript><img src=a.jpg alt=A></noscript><img src=b><figcaption>c</figure>",
        [Image(None, (("alt", "A"),), ("a.jpg",)), Image("b", ())],
    ),
    "caption, only the twin is in the figure": (
        "<img data-src=a.jpg><noscript><figure><img src=a.jpg><figcaption>c</figcaption></figure></noscript>",
        [Image(None, (("figcaption", "c"),), ("a.jpg",))],
    ),
    "caption of a drawing": ("<figure><svg></svg><img src=a><figcaption>c</figure>", [Image("a", ())]),
    "caption, sign on a button": (
        "<figure><img src=a><button><svg></svg></button><figcaption>c</figure>",
        [Image("a", (("figcaption", "c"),))],
    ),
    "film in the caption": (
        "<figure><img src=a><figcaption>c<video></video></figcaption></figure>",
        [Image("a", (("figcaption", "c"),))],
    ),
    "caption beside a drawing": (
        "<figure><img src=a.jpg alt=x><svg><path d=x /></svg><figcaption>",
        [Image("a.jpg", (("alt", "x"),))],
    ),
    "caption beside a formula": ("<figure><img src=a><math><mi>x</math><figcaption>c</figure>", [Image("a", ())]),
    "caption that is an element of SVG": (
        "<figure><img src=a><a><svg><figcaption>c</figcaption></svg></a></figure>",
        [Image("a", ())],
    ),
    "figure that is an element of SVG": (
        "<figure><button><svg><figure><desc><img src=a></desc></figure></svg></button><figcaption>c</figure>",
        [Image("a", (("figcaption", "c"),))],
    ),
    "film that is an element of SVG": (
        "<figure><img src=a><button><svg><video></video></svg></button><figcaption>c</figure>",
        [Image("a", (("figcaption", "c"),))],
    ),
    "film of HTML within SVG": (
        "<figure><img src=a><button><svg><desc><video></video></svg></button><figcaption>c</figure>",
        [Image("a", ())],
    ),
    "noscript that is an element of SVG": (
        "<img src=a.jpg><svg><noscript><desc><img src=a.jpg></svg><noscript></noscript>",
        [Image("a.jpg", ())] * 2,
    ),
    "element whose name holds a colon": (
        "<svg:svg><figure><img src=a><figcaption>c</figure></svg:svg><svg></svg>",
        [Image("a", (("figcaption", "c"),))],
    ),
    "caption with a drawing": (
        "<figure><img src=a><figcaption>c<svg><title>t<b>u</b></title><style>v</style><text>w</text></svg></figure>",
        [Image("a", (("figcaption", "cw"),))],
    ),
    "caption with a formula": (
        "<figure><img src=a><figcaption>c <math><annotation-xml encoding=Text/HTML><p>d</p></annotation-xml>"
        "<annotation-xml><section>e</section><svg><desc><section>f</section></svg></math></figure>",
        [Image("a", (("figcaption", "c d e f"),))],
    ),
    "captions of the image's figure and of its twin's": (
        "<figure><noscript><img src=b.jpg alt=x></noscript><figcaption>twin's</figcaption></figure>"
        "<figure><img data-src=b.jpg alt=x src=data:,><figcaption>own</figcaption></figure>",
        [Image("data:,", (("alt", "x"), ("figcaption", "own")), ("b.jpg",))],
    ),
    "caption outside": ("<figure><img src=a></figure><figcaption>c</figcaption>", [Image("a", ())]),
    "figcaption as an attribute": ("<img src=a figcaption=b>", [Image("a", ())]),
    "template": ("<template><figure><img src=a><figcaption>c</figure></template><img src=b>", [Image("b", ())]),
}


LLOYD = "/uploads/100-marie-lloyd"
PICTURES = {
    "art direction": (
        "<picture><source media='(min-width: 45em)' srcset=large.jpg>"
        "<source media='(min-width: 32em)' srcset=med.jpg>"
        "<img src=small.jpg></picture>",
        ("large.jpg", "med.jpg"),
    ),
    "art direction and density": (
        "<picture><source media='(max-width: 500px)' srcset='banner-phone.jpeg, banner-phone-HD.jpeg 2x'>"
        "<img src=banner.jpeg srcset='banner-HD.jpeg 2x'></picture>",
        ("banner-HD.jpeg", "banner-phone-HD.jpeg", "banner-phone.jpeg"),
    ),
    "formats": (
        f"<picture><source srcset={LLOYD}.jxr type=image/vnd.ms-photo><source srcset={LLOYD}.webp type=image/webp>"
        f"<img src={LLOYD}.jpg></picture>",
        (f"{LLOYD}.webp", f"{LLOYD}.jxr"),
    ),
    "a figure": (
        "<figure><picture><source srcset=a-square.png media='(max-width: 600px)'><img src=a-rectangle.png></picture>"
        "<figcaption>Barney Frank, 2011</figcaption></figure>",
        ("a-square.png",),
    ),
}
"""The HTML standard's examples of `picture` (4.8.4.1; formats in the other order), and the URLs of their sources."""


@pytest.mark.parametrize("parser", HTML_PARSERS)
@pytest.mark.parametrize("name", PICTURES)
def test_the_standards_pictures(name: str, parser: str) -> None:
    """Their `src` serves; where lazy loading has taken it away, the sources do."""
    page, sources = PICTURES[name]
    (image,) = HTML_PARSERS[parser](page, RICH).images
    assert image.others == ()
    (lazy,) = HTML_PARSERS[parser](page.replace("img src=", "img data-none="), RICH).images
    assert lazy == Image(None, image.texts, sources)


def without_runs(image: Image) -> Image:
    return image._replace(texts=tuple((key, " ".join(text.split())) for key, text in image.texts))


@pytest.mark.parametrize("parser", HTML_PARSERS)
@pytest.mark.parametrize("name", CASES)
def test_what_belongs_to_an_image(name: str, parser: str) -> None:
    page, expected = CASES[name]
    found = HTML_PARSERS[parser]("<body>" + page, RICH)
    assert [without_runs(image) for image in found.images] == expected


@pytest.mark.parametrize("name", CASES)
def test_the_oracle_knows_what_belongs_to_an_image(name: str) -> None:
    page, expected = CASES[name]
    assert rich_oracle("<body>" + page) == [Found((*image.others, image.src), image.texts) for image in expected]


@pytest.mark.parametrize("parser", HTML_PARSERS)
def test_profiles(parser: str) -> None:
    page = f"<body><figure>{LAZY}{TWIN}<figcaption>c</figcaption></figure><img src=b title=t aria-label=l>"

    def found(profile: Profile) -> Document:
        return HTML_PARSERS[parser](page, profile)

    assert found(PAPER).images == [
        Image("data:,", (("alt", "x"),)),
        Image("a.jpg", (("alt", "x"),)),
        Image("b", (("title", "t"),)),
    ]
    assert found(PAPER).twins == 0
    assert found(RICH).twins == 1
    captions = found(Profile(("figcaption", "aria-label"), beyond_src=False))
    assert captions.images == [Image("data:,", ()), Image("a.jpg", ()), Image("b", (("aria-label", "l"),))]
    captions = found(Profile(("figcaption",), beyond_src=True))
    assert captions.images == [Image("data:,", (("figcaption", "c"),), ("a.jpg",)), Image("b", ())]


@pytest.mark.parametrize("parser", HTML_PARSERS)
def test_metas_that_may_say_no(parser: str) -> None:
    page = (
        "<meta charset=utf-8><meta name=Robots content='NoAI, noimageai'><meta name=description content=x>"
        "<meta name=tdm-reservation content=1><img src=a><meta name=gptbot content=noindex>"
    )
    expected = (("robots", "NoAI, noimageai"), ("tdm-reservation", "1"), ("gptbot", "noindex"))
    assert HTML_PARSERS[parser](page, PAPER).metas == expected
    assert HTML_PARSERS[parser](page, RICH).metas == expected


SVG, MATHML = "http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"
SPECIAL_TODAY = (
    {("http://www.w3.org/1999/xhtml", name) for name in ("figcaption", "source")}
    | {(SVG, name) for name in ("desc", "title")}
    | {(MATHML, name) for name in ("mi", "mo", "mn", "ms", "mtext", "annotation-xml")}
)
"""Special elements of the HTML standard (13.2.4.2) on these pages that html5lib 1.1 takes for ordinary ones."""


def found_by(parser: str, page: str) -> list[Found]:
    images = [without_runs(image) for image in HTML_PARSERS[parser](page, RICH).images]
    return [Found((*image.others, image.src), image.texts) for image in images]


@settings(max_examples=settings.default.max_examples * 3)
@given(RICH_PAGES)
def test_rules_are_the_oracles(page: str) -> None:
    """On the same html5lib tree."""
    assert found_by("beautifulsoup", page) == rich_oracle(page)


@settings(max_examples=settings.default.max_examples * 3)
@given(RICH_PAGES)
@example("<img src=a.jpg alt=x><noscript><figcaption></noscript><img src=a.jpg alt=x>")
def test_rules_on_turbohtmls_tree_are_the_oracles(page: str) -> None:
    """On pages that html5lib 1.1 parses by the HTML standard, once it knows which elements are special."""
    assume(not KNOWN.search(page))
    with patch.object(html5parser, "specialElements", html5parser.specialElements | SPECIAL_TODAY):
        expected = rich_oracle("<body>" + page)
    assert found_by("turbohtml", "<body>" + page) == expected
    with patch.object(parsers, "skeleton", None):
        assert found_by("turbohtml", "<body>" + page) == expected


def test_real_pages_are_the_oracles(shared_data: Path) -> None:
    """Uses ../shared/data: the default parser on CommonCrawl's and other pages."""
    pages = 0
    for file in sorted((shared_data / "warc").glob("*.warc.gz")):
        with file.open("rb") as source:
            try:
                for record in ArchiveIterator(source, record_types=WarcRecordType.response, parse_http=True):
                    page = record.reader.read().decode("utf-8", "replace")
                    pages += 1
                    assert found_by("turbohtml", page) == rich_oracle(page), record.headers["WARC-Target-URI"]
            except OSError:  # damaged on purpose
                continue
    assert pages > 150


@pytest.mark.parametrize("before", [b"", b"<base><base>"], ids=["its skeleton", "the whole page"])
@pytest.mark.parametrize(
    "page",
    [
        b"<figure><img src=a><figcaption><svg>" + b"<wbr>x" * 50_000,
        b"<figure><img src=a><figcaption>" + b"<span>" * 1000 + b"x<wbr>" * 50_000,
        b"<figure><figcaption><li></figcaption></figure><svg>"
        + b"<wbr>" * 20_000
        + b"<foreignObject>"
        + b"<img>" * 20_000,
    ],
    ids=["nested in a drawing", "nested in a caption", "images deep down"],
)
def test_time_grows_with_the_page(page: bytes, before: bytes) -> None:
    with at_most(50):
        parse_with_turbohtml(before + page, RICH)
