"""The page of a gallery: valid HTML that makes no request and runs nothing, whatever captions hold."""

import base64
import hashlib
import re

import html5lib
import pytest

from udfs.matching.marking import Stretch
from udfs.report.gallery import Caption, Card, Gallery, Section, render_gallery

URI = "data:image/jpeg;base64,AAAA"
HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> &amp; \u202e{{ 7 * 7 }} \x00"


def card(**other: object) -> Card:
    plain = {"thumbnail": URI, "captions": [], "facts": [], "url": None}
    return Card(**{**plain, **other})  # type: ignore[arg-type]


def page(*cards: Card, **other: object) -> str:
    gallery = {"title": "look", "shows": "2 of 3 images.", "sections": [Section("", 3, cards)], **other}
    return render_gallery(Gallery(**gallery))  # type: ignore[arg-type]


def parsed(text: str):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def text_of(element) -> str:
    return "".join(element.itertext())


def test_hostile_text_stays_text():
    caption = Caption([Stretch(HOSTILE, True), Stretch(HOSTILE, False)], HOSTILE)
    hostile = card(captions=[caption], facts=[(HOSTILE, HOSTILE)], url=f"javascript:{HOSTILE}")
    section = Section(HOSTILE, 1, [hostile])
    text = page(sections=[section, section], title=HOSTILE, shows=HOSTILE, left_out=[HOSTILE], blur=True)
    tree = parsed(text)
    assert {element.tag for element in tree.iter()} & {"script", "iframe", "object", "form", "link"} == set()
    assert [image.attrib for image in tree.iter("img")] == [{"src": URI, "alt": ""}] * 2
    assert not any(name.startswith("on") or name == "style" for element in tree.iter() for name in element.attrib)
    assert {anchor.attrib["href"] for anchor in tree.iter("a")} == {"#s1", "#s2"}
    shown = text_of(tree.find("body"))
    assert shown.count("<script>alert(1)</script>") > 5 and "{{ 7 * 7 }}" in shown and "49" not in shown
    assert "\\u202e" in shown and "\u202e" not in text and "\x00" not in text


def test_its_policy_allows_its_style_and_pictures_alone():
    text = page(card())
    [policy] = [meta.attrib["content"] for meta in parsed(text).iter("meta") if "http-equiv" in meta.attrib]
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    wanted = ["default-src 'none'", "img-src data:", f"style-src 'sha256-{digest}'"]
    assert policy.split("; ")[:3] == wanted
    assert not re.search(r"url\(|@import|https?:", text), "nothing is fetched"


def test_what_a_card_shows():
    captions = [Caption([Stretch("a ", False), Stretch("red", True), Stretch(" bus", False)], "0.31"), Caption([])]
    facts = [("clip_score", "0.31"), ("size", "2 × 3")]
    shown = card(captions=captions, facts=facts, url="https://a.example/x.jpg")
    tree = parsed(page(shown, card(thumbnail=None), chosen_by="clip_score"))
    first, second = tree.iter("li")
    assert [text_of(mark) for mark in first.iter("mark")] == ["red"]
    assert [text_of(each) for each in first.iter("p")] == ["0.31 a red bus", ""]
    assert [text_of(fact) for fact in first.iter("div") if fact.attrib.get("class") == "chosen"] == ["clip_score0.31"]
    [link] = first.iter("a")
    assert link.attrib == {"href": "https://a.example/x.jpg", "target": "_blank", "rel": "noopener noreferrer"}
    assert not list(second.iter("img")) and "not drawn" in text_of(second)
    assert "they may be disturbing" in text_of(tree.find("body"))


@pytest.mark.parametrize("blur", [False, True])
def test_blurred_pictures_can_be_reached_by_keys(blur):
    tree = parsed(page(card(), blur=blur))
    assert ("tabindex" in next(each for each in tree.iter("div")).attrib) == blur
    assert (tree.find("body").attrib == {"class": "blur"}) == blur


def test_sections_have_links_and_sizes():
    tree = parsed(page(sections=[Section("cat", 1200, [card()]), Section("dog", 1, [card()])]))
    assert [text_of(each) for each in tree.iter("nav")] == ["cat 1,200dog 1"]
    assert [text_of(each) for each in tree.iter("h2")] == ["cat 1,200 images, 1 shown", "dog 1 image"]
    assert "There is nothing to show" in page(sections=[])
