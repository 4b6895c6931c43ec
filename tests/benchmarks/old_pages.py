"""Pages in the style of about 2000: nested tables, font tags, many small images, some upper-case tags."""

from collections.abc import Iterator
from random import Random

from corpus import Response

PAGES, PAGE_BYTES = 1200, 42_000
_NAVIGATION = ("home", "back", "next page", "contact us", "Site map", "What's new", "guest book", "search")
_COLOURS = ("#003366", "#990000", "#FFFFCC", "navy", "silver")


def old_pages(captions: list[str]) -> Iterator[Response]:
    """`PAGES` pages of about `PAGE_BYTES`, with 20 to 40 images of relative `src`; the captions are used in turn."""
    for number in range(PAGES):
        random = Random(number)
        images = [_image(random, captions, number * 40 + place) for place in range(random.randrange(20, 41))]
        rows = [_row(random, image, captions) for image in images]
        bare = sum(map(len, rows))
        while bare < PAGE_BYTES:
            rows.append(_row(random, "", captions))
            bare += len(rows[-1])
        random.shuffle(rows)
        yield Response(f"http://www.site{number % 97}.example/~user/page{number}.htm", "text/html", _page(number, rows))


def _page(number: int, rows: list[str]) -> bytes:
    head = f"<HTML><HEAD><TITLE>Page {number}</TITLE>\n"
    script = f"<SCRIPT LANGUAGE=JavaScript><!--\nvar page = {number};\n//--></SCRIPT></HEAD>\n"
    body = '<BODY BGCOLOR="#FFFFFF" TEXT="#000000">\n<CENTER><TABLE BORDER=0 WIDTH="90%">\n'
    text = f"{head}{script}{body}{''.join(rows)}</TABLE></CENTER><!-- counter --></BODY></HTML>\n"
    return text.encode("ascii", "xmlcharrefreplace")


def _image(random: Random, captions: list[str], place: int) -> str:
    kind = random.random()
    if kind < 0.25:  # a spacer
        return f'<img src="../images/dot{random.randrange(3)}.gif" width=1 height={random.randrange(20)} alt="">'
    if kind < 0.5:
        name = random.choice(_NAVIGATION)
        return f'<a href="{name.split()[0]}.htm"><IMG SRC="/buttons/{name.split()[0]}.gif" BORDER=0 ALT="{name}"></a>'
    caption = _escape(captions[place % len(captions)])
    size = f'width="{random.randrange(80, 400)}" height={random.randrange(60, 300)}'
    return f'<img border="1" src="pics/{place}.jpg" {size} alt="{caption}">'


def _row(random: Random, image: str, captions: list[str]) -> str:
    font = f'<font face="Arial, Helvetica" size="{random.randrange(1, 4)}" color="{random.choice(_COLOURS)}">'
    words = "<br>\n".join(_escape(random.choice(captions)) for _ in range(random.randrange(2, 6)))
    link = f'<a href="page{random.randrange(999)}.htm#top">{random.randrange(999)}</a>'
    cell = f"<td valign=top>{font}<b>{words}</b></font>&nbsp;{link}</td>"
    return f'<tr><td bgcolor="{random.choice(_COLOURS)}" nowrap>{image}</td>\n{cell}</tr>\n'


def _escape(caption: str) -> str:
    return caption.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
