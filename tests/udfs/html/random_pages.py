"""Random tag soup, faster than hypothesis: `python tests/udfs/html/random_pages.py 1000000` compares the skeletons of
so many pages with the whole pages, and prints those that differ.

`--memory` only cuts skeletons, from buffers of the exact size, for a build with AddressSanitizer.
"""

import argparse
import sys
from ctypes import c_char
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).resolve().parents[3]))  # the checkout, unless another build comes first

IMAGES = """<img src=a.jpg alt=x>|<IMG SRC="b.png" ALT='y &amp z' title=t>|<img/src=c/alt=d/>|<img alt src>|
<image src=i>|<img src="unclosed alt=x>|<img src=a\0b alt='\0'>|<img src=x alt='<p>'>|
<img data-src=b.jpg alt=x src=data:,>|<img alt=x>|<img data-src=c.jpg src=blank.gif title=t>|<img srcset='f.jpg 1x'>|
<img src=b.jpg alt=x title=u>|<img src==x>"""
SNARES = """<base href=/b/>|<base>|<!--|-->|<!---->|<!-->|<!--->|--!>|<![CDATA[|]]>|<!doctype html>|<?pi?>|</|<|text|
 |\t|"|'|=|>|="|='|">|'>|/>|<a =">|<a title="|<a title='|<p class=x|<svg/>|<script><!--<script>|</script|</script >|
<scripty>|<SCRIPT>|</textarea x='>' >|<meta name=robots content=noindex>|<meta charset=x>|<br/>|<x-y>|</x-y>|
</SCRIPT\t>|<img|é|\0"""
WHOLES = """<figure><img src=q><figcaption>words</figcaption></figure>|<noscript><img src=b.jpg alt=x></noscript>|
<noscript><p><img src=b.jpg></p></noscript>|<noscript><div><img src=b.jpg></div></noscript>|<svg><path d=x /></svg>|
<picture><source srcset='s.webp 2x'><img alt=p></picture>|<picture><span><img></span></picture>|<!-- </figure> -->|
<figure><a href=x><img data-src=b.jpg alt=x></a><figcaption><p>a</p>b<i>c</i></figcaption></figure>|<table><tr><td>|
<script>'</figure>'</script>|<svg><title>t</title></svg>|<source srcset=a>|<noscript><img src=b.jpg alt=x>|
<picture><img>"""
NAMES = """a b nobr font p div span h1 h2 ul li dl dt dd pre center hr br table tr td th tbody caption col form button
label input option select svg g path desc foreignObject math mi mtext annotation-xml title noscript script style
textarea iframe xmp noembed noframes plaintext object marquee applet html head body frameset frame link meta source
video embed details ruby rt template figure figcaption picture section header image img select"""
PIECES = [[piece.strip("\n") for piece in pieces.split("|")] for pieces in (IMAGES, SNARES, WHOLES)]
TAGS = [f"<{slash}{name}>" for name in NAMES.split() for slash in ("", "", "/")]


def random_page(random: Random) -> str:
    kinds = random.choice(([*PIECES, TAGS], [PIECES[0], PIECES[2], TAGS], [PIECES[0], PIECES[1]]))
    page = "".join([random.choice(random.choice(kinds)) for _ in range(random.randint(1, 16))])
    return page.upper() if random.random() < 0.1 else page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    random = Random(arguments.seed)
    pages = (random_page(random) for _ in range(arguments.pages))
    if arguments.memory:
        import _ballast_skeleton
        from _ballast_skeleton import skeleton

        for page in pages:
            data = page.encode()
            for whole in (False, True):
                for part in (data, data[: random.randrange(len(data) + 1)]):
                    skeleton((c_char * len(part)).from_buffer_copy(part), whole)
        print(_ballast_skeleton.__file__)
        return 0
    differing = [page for page in pages if differs(page)]
    print(
        *map(repr, differing), f"{len(differing)} of {arguments.pages} pages differ (seed {arguments.seed})", sep="\n"
    )
    return bool(differing)


def differs(page: str) -> bool:
    from udfs.html import parsers
    from udfs.html.profiles import PAPER, RICH

    pages = ((page, PAPER), (page, RICH))
    cut = [parsers.parse_with_turbohtml(html, profile) for html, profile in pages]
    compiled, parsers.skeleton = parsers.skeleton, None
    whole = [parsers.parse_with_turbohtml(html, profile) for html, profile in pages]
    parsers.skeleton = compiled
    return cut != whole


if __name__ == "__main__":
    raise SystemExit(main())
