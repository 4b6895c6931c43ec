"""The rich profile's images again, on html5lib's own tree: one plain walk over the page, written from the definitions
(the HTML standard's `img`, `picture`, `figure`; `rich_images` for what belongs to an image)."""

import re
import xml.etree.ElementTree as ET
from typing import NamedTuple

import html5lib

from udfs.html.lazy_images import HOME_MADE_SRC, LAZY_SRC, LAZY_SRCSET, is_named_placeholder
from udfs.html.srcset import best_first, parse_srcset

BLOCKS = set(
    "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 header hgroup hr li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
SVG, MATH = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1998/Math/MathML}"
"""What the tree puts before the name of a foreign element. `<svg><title>` is no `title` of HTML."""

NOT_READ = set("script style noembed noframes iframe textarea xmp title template".split())
NOT_READ |= {SVG + name for name in ("script", "style", "title")}
DRAWING = SVG + "svg"
OTHER_SUBJECTS = set("figure video audio iframe object embed canvas table pre blockquote".split())
OTHER_SUBJECTS |= {DRAWING, MATH + "math"}


class Found(NamedTuple):
    """The URLs to try, in order, and the texts with their white space made single spaces."""

    urls: tuple[str | None, ...]
    texts: tuple[tuple[str, str], ...]


def rich_oracle(html: str) -> list[Found]:
    root = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    paths: list[list[ET.Element]] = []  # of every img, what is around it and itself
    collect(root, [], paths)
    images = [path[-1] for path in paths]
    srcs = [image.get("src") for image in images]
    others = [candidates(path) for path in paths]
    for src in {src for src in srcs if src}:
        sharing = [at for at in range(len(images)) if srcs[at] == src and others[at]]
        if serves(src) and not is_named_placeholder(src) and len({others[at][0] for at in sharing}) == 1:
            for at in sharing:
                others[at] = []
    in_noscript = [any(around.tag == "noscript" for around in path) for path in paths]
    keys = ("alt", "title", "data-image-title", "aria-label")
    texts = [{key: [image.get(key)] if key in image.attrib else [] for key in keys} for image in images]
    lazy = [bool(others[at]) or not serves(src) for at, src in enumerate(srcs)]
    twins: dict[int, int] = {}
    for by_url in (True, False):
        for at, src in enumerate(srcs):
            if not in_noscript[at] or at in twins or not serves(src):
                continue
            for beside in (at - 1, at + 1):
                if not 0 <= beside < len(images) or in_noscript[beside] or beside in twins.values():
                    continue
                urls = others[beside] or [(srcs[beside] or "").strip()]
                alts = ["".join(texts[place]["alt"]).strip() for place in (at, beside)]
                if by_url and src.strip() in urls:
                    for key, lent in texts[at].items():
                        if any(lent) and lent != texts[beside][key]:
                            texts[beside][key] = [text for text in texts[beside][key] if text] + lent
                elif by_url or not (lazy[beside] and alts[0] and alts[0] == alts[1]):
                    continue
                if lazy[beside] and src.strip() not in others[beside]:
                    others[beside] = [*others[beside], src.strip()]
                twins[at] = beside
                break
    found = []
    for at in range(len(paths)):
        if at in twins:
            continue
        caption = caption_of(at, paths, twins)
        if caption is None and at in twins.values():  # that of a figure which has its twin alone
            caption = caption_of(next(twin for twin, partner in twins.items() if partner == at), paths, twins)
        keyed = {**texts[at], "figcaption": [] if caption is None else [caption]}
        order = ("alt", "title", "data-image-title", "figcaption", "aria-label")
        shown = tuple((key, " ".join(text.split())) for key in order for text in keyed[key])
        found.append(Found((*others[at], srcs[at]), shown))
    return found


def collect(node: ET.Element, around: list[ET.Element], paths: list[list[ET.Element]]) -> None:
    if node.tag == "template":
        return
    path = [*around, node]
    if node.tag == "img":
        paths.append(path)
    for child in node:
        collect(child, path, paths)


def serves(src: str | None) -> bool:
    src = (src or "").strip("\t\n\f\r ")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.\-]*):", src)
    return not (
        not src or src[0] == "#" or src.startswith("//:") or (scheme and scheme[1].lower() not in ("http", "https"))
    )


def candidates(path: list[ET.Element]) -> list[str]:
    image, src = path[-1], path[-1].get("src")
    before = []
    if len(path) > 1 and path[-2].tag == "picture":
        children = [child for child in path[-2] if child.tag in ("source", "img")]
        first_image = next(child for child in children if child.tag == "img")
        before = children[: children.index(image)] if first_image is image else []
    lazy = any(name in image.attrib for name in (*LAZY_SRC, *LAZY_SRCSET) if name != "srcset")
    hides = src and is_named_placeholder(src) and (before or "srcset" in image.attrib)
    if not (lazy or not serves(src) or hides):
        return []
    urls = []
    for name in (*LAZY_SRC, *(() if serves(src) else HOME_MADE_SRC)):
        value = (image.get(name) or "").strip()
        if re.search(r"/|\.[a-zA-Z]{2,5}([?#]|$)", value) and not re.search(r'[{}<>"|\\^`]', value):
            urls.append(value)
    late = [source for source in before if source.get("type") == "image/avif"]
    for element in [image, *(source for source in before if source not in late), *late]:
        for name in LAZY_SRCSET:
            urls += [url for url in best_first(parse_srcset(element.get(name) or "")) if "{" not in url]
    return [url for url in dict.fromkeys(urls) if not is_named_placeholder(url)]


def caption_of(at: int, paths: list[list[ET.Element]], twins: dict[int, int]) -> str | None:
    figure, in_caption = figure_of(paths[at])
    if figure is None or in_caption:
        return None
    within = [place for place, path in enumerate(paths) if figure_of(path) == (figure, False)]
    if [place for place in within if twins.get(place) not in within] != [at]:
        return None
    caption, other_subjects = None, False
    stack = [(child, False, False) for child in reversed(figure)]
    while stack:
        node, captioned, icon = stack.pop()
        if node.tag == "template":
            continue
        is_sign = node.tag == DRAWING and icon
        if node.tag in OTHER_SUBJECTS and (node.tag == "figure" or not captioned) and not is_sign:
            other_subjects = True
        if node.tag == "figcaption" and caption is None:
            caption = node
        if node.tag != "figure":
            inside = (captioned or node.tag == "figcaption", icon or node.tag in ("a", "button"))
            stack += [(child, *inside) for child in reversed(node)]
    return None if caption is None or other_subjects else read(caption)


def figure_of(path: list[ET.Element]) -> tuple[ET.Element | None, bool]:
    """The nearest figure, and whether the image lies in a caption of its."""
    for at in range(len(path) - 1, -1, -1):
        if path[at].tag == "figure":
            return path[at], any(around.tag == "figcaption" for around in path[at:])
    return None, False


def read(node: ET.Element) -> str:
    if node.tag in NOT_READ or not isinstance(node.tag, str):
        return ""
    text = node.text or ""
    for child in node:
        apart = " " if child.tag in BLOCKS else ""
        text += apart + read(child) + apart + (child.tail or "")
    return text
