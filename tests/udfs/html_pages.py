"""Pages for tests of the HTML parsers: generated tag soup, and the inputs of html5lib-tests."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import strategies as st

HIDDEN = "<img src=hidden alt=hidden>"
SHOWN = "<img src=shown alt=text>"

IMGS = (
    "<img src=a.jpg alt=x>",
    "<IMG SRC=\"b.png\" ALT='y &amp z' title=t>",
    "<img/src=c/alt=d/>",
    "<img alt src>",
    "<img alt=\"&eacute &notit; &copy2 &#x41 &#0; &#x110000;\" src='?a=1&copy=2&amp;b'>",
    "<img src=1 src=2 alt=p ALT=q data-image-title=r>",
    '<img src="unclosed alt=x>',
    "<img src=a\0b alt='\0'>",
    "<img\nsrc=x\talt=y>",
    "<img src==x alt='a\r\nb'>",
    "<image src=i alt=j>",
    "<img src=x alt='<p>'>",
)
IMG_TAGS = st.sampled_from(IMGS)
ODDITIES = st.sampled_from(
    (
        *("<base href=/b/>", "<base>", "<base href>", "<!--", "-->", "<!---->", "<!-->", "--!>", "<![CDATA[", "]]>"),
        *(
            "<!doctype html>",
            "<?pi?>",
            "</",
            "<",
            "&lt;",
            "&amp",
            "text",
            "\0",
            " ",
            "\n",
            '"',
            "'",
            "<script><!--<script>",
        ),
        '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN">',
    )
)
NAMES = (
    *("a", "b", "nobr", "font", "p", "div", "span", "h1", "ul", "li", "dl", "dt", "dd", "pre", "listing", "center"),
    *("hr", "br", "table", "tr", "td", "th", "tbody", "thead", "caption", "col", "colgroup", "form", "button"),
    *("label", "input", "option", "optgroup", "svg", "g", "path", "desc", "foreignObject", "math", "mi", "mtext"),
    *("annotation-xml", "title", "noscript", "script", "style", "textarea", "iframe", "xmp", "noembed", "noframes"),
    *("plaintext", "object", "marquee", "applet", "html", "head", "body", "frameset", "frame", "link", "meta"),
    *("param", "source", "video", "embed", "details", "summary", "ruby", "rb", "rt", "rp", "address"),
)
TAGS = st.builds("<{}{}>".format, st.sampled_from(["", "", "/"]), st.sampled_from(NAMES))
SOUP = st.lists(IMG_TAGS | ODDITIES | TAGS, max_size=14).map("".join)

LAZY_TAGS = st.sampled_from(
    (
        "<img src=a.jpg alt=x>",
        "<img data-src=b.jpg alt=x src=data:,>",
        "<img data-src=c.jpg alt=y src=blank.gif title=t>",
        "<img data-original='//h/d.jpg' src=load.jpg aria-label=l>",
        "<img data-src=e.jpg src=load.jpg>",
        "<img data-lazy=true alt=z>",
        "<img srcset='f.jpg 1x, g.jpg 2x' figcaption=no>",
        "<img src=b.jpg alt=x title=u>",
        "<img alt=x>",
    )
)
AROUND = ("figure", "figcaption", "picture", "noscript", "div", "p", "a", "b", "span", "section", "h2", "button")
RICH_TAGS = st.sampled_from(
    (
        *("<figure>", "</figure>", "<figcaption>", "</figcaption>", "<picture>", "</picture>", "<noscript>"),
        *("</noscript>", "<source srcset='s.webp 2x'>", "<source data-srcset=v.avif type=image/avif>", "words", "<br>"),
        *(
            "<svg><path d=x /></svg>",
            "<svg><title>t</title></svg>",
            "<script>'</figure>'</script>",
            "<!-- </figure> -->",
        ),
        *("<x-y>", "</x-y>", "<video>", "<table><tr><td>", "</table>", "<li>", "</li>", "<style>p{}</style>", "<"),
    )
)
FOREIGN = ("svg", "g", "foreignObject", "desc", "title", "math", "mtext", "annotation-xml")
ENDS = st.sampled_from(("", "/"))
RICH_SOUP = st.lists(
    LAZY_TAGS
    | RICH_TAGS
    | st.builds("<{}{}>".format, ENDS, st.sampled_from(AROUND))
    | st.builds("<{}{}>".format, ENDS, st.sampled_from(FOREIGN)),
    max_size=16,
).map("".join)
BESIDE = (
    *("", "<div>", "<p>", "</div>", "<noscript><img src=b.jpg alt=x></noscript>", "<svg><path d=x /></svg>", "<math>"),
    *("<a><svg><figcaption>not of HTML</svg></a>", "<button><svg><video></svg></button>", "<svg><figure><desc>"),
)
DRAWING = "g<svg><title>h<b>i</b></title><style>j</style><section>k</section></svg>l"
FIGURES = st.builds(
    "<figure>{}{}<figcaption>{}</figcaption></figure>".format,
    *(LAZY_TAGS | st.sampled_from(BESIDE),) * 2,
    st.sampled_from(("words", "<p>a</p>b<i>c</i>", "<script>x</script> d<br>e", "<img src=icon.png>f", DRAWING, "")),
)
RICH_PAGES = st.lists(RICH_SOUP | FIGURES, max_size=3).map("".join)

KNOWN = re.compile(r"<select|<template|</br|<isindex|(?s:<(?:svg|math).*</p)", re.IGNORECASE)
"""Pages on which html5lib 1.1 may depart from the HTML standard: `DIFFERENCES` of `test_parsers.py`."""


def tree_cases(shared_data: Path) -> Iterator[tuple[str, str, bool]]:
    """(input, expected tree, whether it is a whole document parsed with scripting off) of html5lib-tests."""
    with tarfile.open(shared_data / "html" / "html5lib__html5lib-tests.tar.gz") as archive:
        for member in archive.getmembers():
            source = archive.extractfile(member)
            if source is None or "tree-construction" not in member.name or not member.name.endswith(".dat"):
                continue
            for case in re.split(r"(?:^|\n\n)#data\n", source.read().decode("utf-8", "surrogatepass")):
                html, _, rest = case.partition("\n#errors")
                if not rest or re.search("[\ud800-\udfff]", html):
                    continue
                yield html, rest.partition("#document\n")[2], not re.search("#document-fragment|#script-on", rest)
