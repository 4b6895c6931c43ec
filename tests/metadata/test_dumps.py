"""Dumps in pieces: split equals unsplit, a page belongs to one piece, damage says where."""

import bz2
import gzip

import pytest
from metadata_dumps import FOOT, HEAD, MiniPage, write_bzip2, write_multistream, write_plain

from metadata.dumps import MAX_PAGE_BYTES, OversizedPage, plan_pieces, read_pages
from metadata.streams import Damage, read_chunks, read_lines
from metadata.wikitext import MalformedPage, parse_page
from udfs.errors import UsageError

PAGES = [MiniPage(f"Page {number}", f"text of {number} " * (number % 7 + 1)) for number in range(40)]
TITLES = [page.title for page in PAGES]


def titles(pieces) -> list[str]:
    return [parse_page(page).title for piece in pieces for page in read_pages(piece)]


@pytest.mark.parametrize("split_bytes", [1, 7, 100, 1000, 5000, 1 << 20])
def test_plain_xml_can_be_cut_anywhere(tmp_path, split_bytes):
    pieces = plan_pieces([str(write_plain(tmp_path / "a.xml", PAGES))], split_bytes)
    if split_bytes < 5000:
        assert len(pieces) > 1
    assert titles(pieces[:400]) == TITLES[: len(titles(pieces[:400]))]
    if split_bytes >= 100:
        assert titles(pieces) == TITLES


def test_every_cut_of_plain_xml_around_a_page_gives_each_page_once(tmp_path):
    path = write_plain(tmp_path / "a.xml", PAGES[:3])
    size = path.stat().st_size
    [whole] = plan_pieces([str(path)], 1 << 20)
    for cut in range(1, size):
        assert titles([whole._replace(end=cut), whole._replace(start=cut)]) == TITLES[:3]


def test_one_bzip2_stream_is_one_piece(tmp_path):
    pieces = plan_pieces([str(write_bzip2(tmp_path / "a.xml.bz2", PAGES))], 1)
    assert len(pieces) == 1
    assert titles(pieces) == TITLES


@pytest.mark.parametrize("split_bytes", [1, 600, 1 << 20])
def test_a_multistream_dump_is_cut_at_its_streams(tmp_path, split_bytes):
    dump, _ = write_multistream(tmp_path, PAGES, 5)
    pieces = plan_pieces([str(dump)], split_bytes)
    assert len(pieces) == {1: 9, 600: 3, 1 << 20: 1}[split_bytes]
    assert titles(pieces) == TITLES


def test_an_index_is_an_argument_or_a_plain_file_beside_the_dump(tmp_path):
    dump, index = write_multistream(tmp_path, PAGES, 5)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = index.rename(elsewhere / index.name)
    assert len(plan_pieces([str(dump)], 1)) == 1
    assert len(plan_pieces([str(moved), str(dump)], 1)) == 9
    index.with_suffix("").write_bytes(bz2.decompress(moved.read_bytes()))
    assert len(plan_pieces([str(dump)], 1)) == 9


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"0:1:a\n12:2:b\n", "has no bzip2 stream at byte 12"),
        (b"99999999:1:a\n", "has no bzip2 stream at byte 99,999,999"),
        (b"no offset\n", "line 1 is not 'offset:page id:title'"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(tmp_path, lines, message):
    dump, index = write_multistream(tmp_path, PAGES, 5)
    index.write_bytes(bz2.compress(lines))
    with pytest.raises(UsageError, match=message):
        plan_pieces([str(dump)], 1)


def test_a_truncated_index_is_refused(tmp_path):
    dump, index = write_multistream(tmp_path, PAGES, 5)
    index.write_bytes(index.read_bytes()[:-9])
    with pytest.raises(UsageError, match="truncated: the file ends at byte"):
        plan_pieces([str(dump)], 1)


def test_a_file_that_is_not_a_dump_is_refused(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"<mediawiki>"))
    with pytest.raises(UsageError, match="neither XML nor bzip2"):
        plan_pieces([str(tmp_path / "x.gz")], 1)
    with pytest.raises(UsageError, match="no dump among the files"):
        plan_pieces([str(write_multistream(tmp_path, PAGES, 5)[1])], 1)
    other = tmp_path / "other"
    other.mkdir()
    twice = [str(write_plain(folder / "a.xml", PAGES)) for folder in (tmp_path, other)]
    with pytest.raises(UsageError, match="two dumps have this name"):
        plan_pieces(twice, 1)


def read_until_damage(path) -> tuple[list[str], str]:
    titles: list[str] = []
    [piece] = plan_pieces([str(path)], 1 << 30)
    with pytest.raises(Damage) as damage:
        for page in read_pages(piece):
            titles.append(parse_page(page).title)
    return titles, str(damage.value)


def test_a_truncated_multistream_dump_gives_the_pages_before_the_damage(tmp_path):
    dump, index = write_multistream(tmp_path, PAGES, 5)
    third = sorted({int(line.split(":")[0]) for line in bz2.decompress(index.read_bytes()).decode().splitlines()})[2]
    index.unlink()
    dump.write_bytes(dump.read_bytes()[: third + 40])
    titles, message = read_until_damage(dump)
    assert titles == TITLES[:10]
    assert message == (
        f"truncated: the file ends at byte {third + 40:,}, within the bzip2 stream that begins at {third:,}"
    )


def test_a_broken_stream_is_reported_with_its_byte(tmp_path):
    dump, index = write_multistream(tmp_path, PAGES, 5)
    second = sorted({int(line.split(":")[0]) for line in bz2.decompress(index.read_bytes()).decode().splitlines()})[1]
    index.unlink()
    data = bytearray(dump.read_bytes())
    data[second + 30] ^= 0xFF
    dump.write_bytes(data)
    titles, message = read_until_damage(dump)
    assert titles == TITLES[:5]
    assert message.startswith(f"the bzip2 stream that begins at byte {second:,} is broken: ")


def test_truncated_plain_xml_is_reported_with_its_byte(tmp_path):
    path = write_plain(tmp_path / "a.xml", PAGES)
    text = path.read_bytes()
    last = text.rindex(b"<page>")
    path.write_bytes(text[: last + 50])
    titles, message = read_until_damage(path)
    assert titles == TITLES[:-1]
    assert message == f"truncated: ends within the page that begins at byte {last:,}"
    path.write_bytes(text[: last - 2])
    assert read_until_damage(path) == (TITLES[:-1], "truncated: ends without </mediawiki>")


def test_a_malformed_page_affects_no_other_page(tmp_path):
    broken = "<page><title>Broken</title> & </page>\n"
    endless = "<page><title>Endless</title>\n"
    path = write_plain(tmp_path / "a.xml", [PAGES[0], broken, PAGES[1], endless, PAGES[2]])
    [piece] = plan_pieces([str(path)], 1 << 20)
    read = []
    for page in read_pages(piece):
        try:
            read.append(parse_page(page).title)
        except MalformedPage:
            read.append(None)
    assert read == [TITLES[0], None, TITLES[1], None, TITLES[2]]


def test_an_oversized_page_is_skipped_with_its_place(tmp_path):
    huge = MiniPage("Huge", "x" * (MAX_PAGE_BYTES + 1))
    path = write_bzip2(tmp_path / "a.xml.bz2", [PAGES[0], huge, PAGES[1]])
    [piece] = plan_pieces([str(path)], 1 << 20)
    first, oversized, last = read_pages(piece)
    assert parse_page(first).title == TITLES[0]
    assert oversized == OversizedPage(len(HEAD) + len(PAGES[0].xml()) + 2)
    assert parse_page(last).title == TITLES[1]


def test_a_bomb_is_read_in_small_chunks(tmp_path):
    for name, data in (("bomb.bz2", bz2.compress(bytes(50 << 20))), ("bomb.gz", gzip.compress(bytes(50 << 20)))):
        (tmp_path / name).write_bytes(data)
        sizes = [len(chunk) for chunk in read_chunks(str(tmp_path / name))]
        assert sum(sizes) == 50 << 20
        assert max(sizes) <= 4 << 20


def test_lines_of_every_form(tmp_path):
    text = b"one\ntwo\n\nlast"
    for name, data in (
        ("a", text),
        ("a.gz", gzip.compress(text[:5]) + gzip.compress(text[5:])),
        ("a.bz2", bz2.compress(text)),
    ):
        (tmp_path / name).write_bytes(data)
        assert list(read_lines(str(tmp_path / name))) == [b"one", b"two", b"", b"last"]
    (tmp_path / "cut.gz").write_bytes(gzip.compress(text)[:-4])
    with pytest.raises(Damage, match=r"within the gzip stream that begins at 0"):
        list(read_lines(str(tmp_path / "cut.gz")))


def test_head_and_foot_have_no_page():
    assert b"<page>" not in (HEAD + FOOT).encode()
