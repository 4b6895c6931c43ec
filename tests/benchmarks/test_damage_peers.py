"""The judgments of `damage_peers.py`, and that the archives hold what their damage says."""

import zlib
from pathlib import Path

from damage_peers import Answer, Reader, compare, judge, read_with_ballast
from damages import DAMAGES, HIT, LAST, PAGES, Damage, warc_record, wat_record

_PAGE, _IMAGE = "https://s.example/page{}/", "image{}.png"
_MEMBER = b"\x1f\x8b\x08"


def _page(number: int, *images: int) -> tuple[str, list[str]]:
    return _PAGE.format(number), [_IMAGE.format(image) for image in images]


def test_judge_tells_lost_wrong_and_doubled_pages() -> None:
    pages = [*(_page(number, number) for number in range(HIT)), _page(0, 0), _page(HIT, HIT, HIT + 1, HIT + 2)]
    result = judge(Damage("any"), "any", Answer(pages, "a word"))
    assert result.lost == list(range(HIT + 1, PAGES))
    assert result.wrong == {HIT: [HIT + 1, HIT + 2]}
    assert result.twice == [0]
    assert result.said == "a word"


def test_a_damaged_page_is_not_missed() -> None:
    pages = [_page(number, number) for number in range(PAGES) if number != HIT]
    assert judge(Damage("any"), "any", Answer(pages, "")).lost == []
    assert judge(Damage("any", unsound=frozenset()), "any", Answer(pages, "")).lost == [HIT]


def test_blocks_of_sound_records_are_in_every_archive() -> None:
    for record in (warc_record, wat_record):
        for damage in DAMAGES:
            content = _content(damage.archive(record))
            for number in set(range(PAGES)) - damage.unsound:
                assert record(number).partition(b"\r\n\r\n")[2].rstrip() in content, (damage.text, number)


def _content(archive: bytes) -> bytes:
    """What is in all gzip members of an archive that can be decompressed, then the archive itself."""
    content, place = b"", archive.find(_MEMBER)
    while place >= 0:
        inflate = zlib.decompressobj(wbits=31)
        try:
            content += inflate.decompress(archive[place:])
            end = len(archive) - len(inflate.unused_data) if inflate.eof else place + 1
        except zlib.error:
            end = place + 1
        place = archive.find(_MEMBER, end)
    return content + archive


def test_ballast_loses_only_a_plain_record_among_gzip_members(tmp_path: Path) -> None:
    readers = (Reader("WARC", read_with_ballast), Reader("WAT", read_with_ballast, wat_record))
    for row in compare(readers, tmp_path):
        for result in filter(None, row):
            assert result.lost == ([HIT] if result.damage == "a plain record among the members" else []), result
            assert result.wrong == {}, result
            assert result.said or not result.lost


def test_the_damaged_page_is_in_the_middle() -> None:
    assert 0 < HIT < LAST
