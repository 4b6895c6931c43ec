"""`ballast gallery`: pages of a small download, read by pyarrow."""

import json
import re
import shutil
from pathlib import Path

import html5lib
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checked_rows import download_tars, encoded, picture, write_checked
from img2dataset_output import Download

from jobs.cli import main
from jobs.images.checked_images import open_checked
from jobs.images.found_page import found_page
from udfs.hashing import GALLERY, caption_hash, image_hash, image_uuid
from udfs.report.gallery import render_gallery


@pytest.fixture(autouse=True)
def without_spark(monkeypatch):
    """Other tests may have left a session."""
    monkeypatch.setattr("jobs.steps.pairs.wants_spark", lambda execution: False)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Eighty images of two clusters, of which one is damaged and one was never downloaded; the first has captions."""
    folder = tmp_path_factory.mktemp("gallery")
    downloads, pairs = [], []
    for number in range(80):
        url = f"https://a.example/{number}"
        image = None if number == 3 else encoded(picture(number), ("JPEG", "PNG")[number % 2])
        downloads.append(Download(url, image, image_uuid(url)))
        for text in range(7 if number == 0 else 1):
            caption = f'<b>caption</b> {text} of "{number}" in red'
            pair = {"uuid": image_uuid(url), "url": url, "caption": caption, "caption_hash": caption_hash(caption)}
            pairs.append(
                {**pair, "clip_score": 1 - (number + text / 10) / 100, "cluster": number % 2, "entry_ids": [1]}
            )
    rows = download_tars(folder / "down", downloads, 30)
    rows[1]["duplicate_of"] = rows[2]["uuid"]
    write_checked(folder / "checked", rows)
    pq.write_table(pa.Table.from_pylist(pairs), folder / "pairs.parquet")
    (folder / "entries.json").write_text(json.dumps(["of", "in red"]))
    return folder


def page(made: Path, out: Path, *flags: str, rows: str = "pairs.parquet"):
    command = ["gallery", str(made / rows), "--images", str(made / "checked"), "--downloaded", str(made / "down")]
    assert main([*command, "--out", str(out), *flags]) == 0
    text = out.read_text(encoding="utf-8")
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def words(element) -> str:
    return " ".join("".join(element.itertext()).split())


def test_images_drawn_by_a_hash(made, tmp_path, capsys):
    tree = page(made, tmp_path / "look.html")
    shown = [words(card.find("small")) for card in tree.iter("li")]
    usable = [f"https://a.example/{number}" for number in range(80) if number != 3]
    assert shown == sorted(usable, key=lambda url: image_hash(GALLERY, 0, image_uuid(url)))[:60]
    assert all(image.attrib["src"].startswith("data:image/jpeg;base64,") for image in tree.iter("img"))
    assert len(list(tree.iter("img"))) == 60
    assert "60 of 79 images, drawn by a hash of their ids." in words(tree.find("body/header"))
    assert capsys.readouterr().out.split("\n")[:2] == [
        str(tmp_path / "look.html"),
        "  60 of 79 images, drawn by a hash of their ids.",
    ]


def test_the_highest_of_each_group_with_all_captions(made, tmp_path):
    flags = ["--by", "clip_score", "--group-by", "cluster", "--count", "2", "--blur"]
    tree = page(made, tmp_path / "x.html", *flags, "--metadata", str(made / "entries.json"))
    assert [words(title) for title in tree.iter("h2")] == [
        "cluster 0 40 images, 2 shown",
        "cluster 1 39 images, 2 shown",
    ]
    cards = list(tree.iter("li"))
    assert [words(card.find("small")).rpartition("/")[2] for card in cards] == ["0", "2", "1", "5"]
    captions = [words(each) for each in cards[0].iter("p")]
    assert captions[:2] == ['1 <b>caption</b> 0 of "0" in red', '0.999 <b>caption</b> 1 of "0" in red']
    assert captions[4:] == ["and 3 more"]
    assert [words(each) for each in cards[1].iter("p")] == ['<b>caption</b> 0 of "2" in red'], "one needs no figure"
    assert {words(mark) for mark in tree.iter("mark")} == {"in red"}
    facts = [fact for fact in cards[2].iter("div") if fact.find("dt") is not None]
    assert [(words(fact.find("dt")), words(fact.find("dd"))) for fact in facts] == [
        ("clip_score", "0.99"),
        ("size", "48 × 32"),
        ("near-duplicate of", f"{image_uuid('https://a.example/2')[:8]}…"),
        ("cluster", "1"),
    ]
    assert tree.find("body").attrib == {"class": "blur"}


def test_checked_images_are_their_own_source(made, tmp_path):
    tree = page(made, tmp_path / "x.html", "--count", "3", "--by", "width", "--lowest", rows="checked")
    assert "lowest width first" in words(tree.find("body/header"))
    assert len(list(tree.iter("img"))) == 3


def test_other_rows_do_not_tell_where_images_lie(made, tmp_path, capsys):
    assert main(["gallery", str(made / "pairs.parquet"), "--out", str(tmp_path / "x.html")]) == 2
    assert capsys.readouterr().err == "ballast: --images: missing: name the output folder of check\n"


def test_images_that_are_lost_are_told(made, tmp_path):
    shutil.copytree(made / "down", tmp_path / "down")
    (tmp_path / "down" / "00001.tar").unlink()
    tree = page(made, tmp_path / "x.html", "--count", "80", "--downloaded", str(tmp_path / "down"))
    assert len(list(tree.iter("img"))) == 49
    assert "30 images can no longer be read: was the download changed" in words(tree.find("body/header"))


def test_values_that_are_not_shown_are_told(made, tmp_path):
    tree = page(made, tmp_path / "x.html", "--group-by", "url")
    assert "Not shown: 49 further values of url, of fewer images." in words(tree.find("body/header"))


def test_with_json_the_result_is_a_document(made, tmp_path, capsys):
    page(made, tmp_path / "x.html", "--json", "--count", "1")
    found = json.loads(capsys.readouterr().out)
    assert found["result"] == {
        "gallery": str(tmp_path / "x.html"),
        "shows": "1 of 79 images, drawn by a hash of their ids.",
        "images": 1,
        "left_out": [],
    }


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--by", "caption"], "--by caption: is string, not a number"),
        (["--lowest"], "--lowest: needs --by"),
        (["--images", "none"], "none: no such folder"),
        (["--metadata", "none.json"], "none.json"),
    ],
)
def test_flags_that_do_not_fit(made, tmp_path, capsys, flags, message):
    command = ["gallery", str(made / "pairs.parquet"), "--images", str(made / "checked"), "--out", str(tmp_path / "x")]
    assert main([*command, "--downloaded", str(made / "down"), *flags]) == 2
    assert re.search(re.escape(message), capsys.readouterr().err)
    assert not (tmp_path / "x").exists()


def test_a_source_without_ids(made, tmp_path, capsys):
    pq.write_table(pa.table({"caption": ["x"]}), tmp_path / "rows.parquet")
    assert main(["gallery", str(tmp_path), "--images", str(made / "checked"), "--out", str(tmp_path / "x")]) == 2
    assert "lacks the column uuid" in capsys.readouterr().err


def test_the_page_of_a_search(made):
    """The nearest first, with scores; an image that `check` does not know is told."""
    checked = open_checked(str(made / "checked"), str(made / "down"))
    uuids = [image_uuid(f"https://a.example/{number}") for number in (5, 0)]
    hits = [
        {"uuid": uuids[0], "score": 0.5, "url": "x"},
        {"uuid": "absent", "score": 0.4, "url": "x"},
        {"uuid": uuids[1], "score": 0.31, "url": "x", "captions": ["a bus", "a <b>"]},
    ]
    text = render_gallery(found_page(None, hits, checked, "a <red> bus"))
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    assert words(tree.find("body/header/h1")) == "a <red> bus"
    first, second = tree.iter("li")
    assert [words(card.find("small")).rpartition("/")[2] for card in (first, second)] == ["5", "0"]
    assert [words(card.find("dl/div")) for card in (first, second)] == ["score0.5", "score0.31"]
    assert [words(each) for each in second.iter("p")] == ["a bus", "a <b>"]
    assert "The 2 images nearest to it, the nearest first. 1 image not in --images." in words(tree.find("body/header"))
