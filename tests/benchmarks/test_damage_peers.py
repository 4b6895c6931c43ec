"""The judgments of `damage_peers.py`, and that the archives hold what their damage says."""

import gzip

from damage_peers import Answer, judge
from damages import DAMAGES, HIT, LAST, PAGES, Damage, Storage, warc_record, wat_record

_PAGE, _IMAGE = "https://s.example/page{}/", "image{}.png"


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


def test_sound_records_are_whole_in_every_archive() -> None:
    for record in (warc_record, wat_record):
        for damage in DAMAGES:
            archive = damage.archive(record)
            for number in set(range(PAGES)) - damage.unsound:
                assert _holds(archive, record(number).rstrip(), damage), (damage.text, number)


def _holds(archive: bytes, record: bytes, damage: Damage) -> bool:
    if damage.storage is Storage.PLAIN or record in archive:
        return record in archive
    if damage.storage is Storage.ONE_MEMBER:
        return record in gzip.decompress(archive)
    return any(gzip.compress(record + end, mtime=0) in archive for end in (b"\r\n\r\n", b"")) or record in _inflated(
        archive
    )


def _inflated(archive: bytes) -> bytes:
    """What `gzip` makes of an archive without garbage; nothing of others."""
    try:
        return gzip.decompress(archive)
    except (OSError, EOFError):
        return b""


def test_the_damaged_page_is_in_the_middle() -> None:
    assert 0 < HIT < LAST
