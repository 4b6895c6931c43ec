"""Views of titles: lines by hand in both formats, sampled days, damage."""

import bz2
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.pageviews import (
    DAILY,
    HOURLY,
    ViewsFile,
    decode_title,
    in_namespace,
    plan_files,
    read_all_views,
    read_views,
)
from metadata.streams import Damage
from udfs.errors import UsageError
from udfs.hashing import pair_hash

HOUR = "\n".join(
    [
        "de Katze 9 0",
        "en Cat 3 0",
        "en.m Cat 4 0",
        "en.b Cookbook:Cat 5 0",
        "en Caf%C3%A9_au_lait 2 0",
        "en AC/DC 1 0",
        "en 100% 6 0",
        "en Star_Wars:_Episode_IV 8 0",
        "en Special:Search 99 0",
        "en user_talk:Somebody 7 0",
        "en - 5 0",
        "en a|b 1 0",
        "en Two fields 1 0",
        "en Nothing",
        "en Bad%FF 1 0",
        "en Word many 0",
        "simple Cat 1 0",
        "",
    ]
)
HOUR_TITLES = [
    ("Cat", 3),
    ("Cat", 4),
    ("Café au lait", 2),
    ("AC/DC", 1),
    ("100%", 6),
    ("Star Wars: Episode IV", 8),
]
DAY_LINES = "\n".join(
    [
        "de.wikipedia Katze 12 desktop 9 A9",
        "en.wikipedia Cat 6678 desktop 60 A10B50",
        "en.wikipedia Cat 6678 mobile-web 130 C60X70",
        "en.wikipedia Dog null desktop 5 D5",
        "en.wikipedia Bird desktop 2 E2",
        "en.wikipedia Talk:Cat 1 desktop 3 A3",
        "en.wikipedia Broken desktop",
        "en.wiktionary cat 3 desktop 8 A8",
        "",
    ]
)

PROJECTS = [
    *(
        "zh-min-nan Iû 6 0",
        "be-x-old Алей 3 0",
        "be-tarask.m Алей 2 0",
        "fr.m Spécial:Recherche 4 0",
        "simple.m Cat 1 0",
    ),
    *(
        "commons.m Cat 9 0",
        "commons.m.m Cat 9 0",
        "de.d Katze 9 0",
        "de.m.d Katze 9 0",
        "www.wd Q1 9 0",
        "meta.m X 9 0",
    ),
    *(
        "zh-min-nan.wikipedia Iû 6 desktop 6 A6",
        "be-tarask.wikipedia Алей 7 mobile-web 2 B2",
        "de.wikisource X 1 desktop 3 A3",
    ),
    *(
        "commons.wikimedia Cat 1 desktop 9 A9",
        "zh_min_nan Iû 6 0",
        "zh_min_nan.wikipedia Iû 6 desktop 6 A6",
        "DE Katze 9 0",
        "de.m.wikipedia Katze 1 desktop 9 A9",
        "",
        "de",
        " x 1 0",
    ),
]


@pytest.fixture
def hour(tmp_path):
    path = tmp_path / "pageviews-20240115-070000.gz"
    path.write_bytes(gzip.compress(HOUR.encode()))
    return ViewsFile(str(path), path.name, "20240115", HOURLY)


@pytest.fixture
def day(tmp_path):
    path = tmp_path / "pageviews-20240115-user.bz2"
    path.write_bytes(bz2.compress(DAY_LINES.encode()))
    return ViewsFile(str(path), path.name, "20240115", DAILY)


def test_an_hourly_file(hour):
    read = list(read_views(hour))
    assert [line for line in read if not isinstance(line, str)] == HOUR_TITLES
    reasons = [line for line in read if isinstance(line, str)]
    assert reasons == ["namespace", "namespace", "no title", "no title", *["malformed"] * 4]


def test_a_daily_file(day):
    read = list(read_views(day))
    assert read == [("Cat", 60), ("Cat", 130), ("Dog", 5), ("Bird", 2), "namespace", "malformed"]


def test_hours_with_few_views_can_be_left_out(hour, day):
    assert [line for line in read_views(hour, 4) if not isinstance(line, str)] == [
        ("Cat", 4),
        ("100%", 6),
        ("Star Wars: Episode IV", 8),
    ]
    assert [line for line in read_views(day, 50) if not isinstance(line, str)] == [("Cat", 50), ("Cat", 130)]


def test_a_plain_file_and_a_damaged_one(tmp_path, hour):
    plain = tmp_path / "pageviews-20240115-080000"
    plain.write_text(HOUR)
    assert list(read_views(hour._replace(path=str(plain)))) == list(read_views(hour))
    lines = b"".join(b"en Title_%d 1 0\n" % number for number in range(50_000))
    cut = tmp_path / "pageviews-20240115-090000.gz"
    cut.write_bytes(gzip.compress(lines)[:-100])
    titles = []
    with pytest.raises(Damage, match=r"truncated: the file ends at byte .*gzip stream that begins at 0"):
        for title in read_views(hour._replace(path=str(cut))):
            titles.append(title)
    assert titles[:2] == [("Title 0", 1), ("Title 1", 1)]
    assert len(titles) > 40_000


def test_titles_are_decoded_once():
    assert decode_title(b"A%2520b__c_") == "A%20b c"
    assert decode_title(b":Cat") == "Cat"
    assert decode_title("Cafe\u0301".encode()) == "Café"


@pytest.mark.parametrize("title", ["Talk:X", "talk:X", "WP:NPOV", "Wikipedia talk:X", "File:X.jpg", "Template :X"])
def test_namespaces(title):
    assert in_namespace(title)


@pytest.mark.parametrize("title", ["Cat", "2001: A Space Odyssey", "Talking: a history", ":", "Mission: Impossible"])
def test_articles_with_colons(title):
    assert not in_namespace(title)


def make(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_days_are_sampled_by_a_pinned_hash(tmp_path):
    days = [f"202401{day:02d}" for day in range(1, 21)]
    folder = make(
        tmp_path / "v", *(f"pageviews-{day}-{hour:02d}0000.gz" for day in days for hour in (0, 1)), "notes.txt"
    )
    by_hash = sorted(days, key=lambda day: pair_hash("day", 7, day, 0))
    for number in (1, 3, 20):
        files = plan_files([str(folder)], number, 7)
        assert sorted({file.day for file in files}) == sorted(by_hash[:number])
        assert len(files) == 2 * number
    assert {file.day for file in plan_files([str(folder)], 3, 8)} != set(by_hash[:3])
    assert by_hash[:3] == ["20240115", "20240114", "20240119"]
    with pytest.raises(UsageError, match="--days 21: the files cover only 20"):
        plan_files([str(folder)], 21, 7)


def test_files_that_would_count_twice_or_are_not_pageviews_are_refused(tmp_path):
    hourly, daily = "pageviews-20240101-000000.gz", "pageviews-20240101-user.bz2"
    with pytest.raises(UsageError, match="covered by hourly and daily files"):
        plan_files([str(make(tmp_path / "a", hourly, daily))], None, 0)
    make(tmp_path / "b", hourly)
    with pytest.raises(UsageError, match="has the same name as"):
        plan_files([str(tmp_path / "a" / hourly), str(tmp_path / "b" / hourly)], None, 0)
    with pytest.raises(UsageError, match="not named pageviews-"):
        plan_files([str(make(tmp_path / "c", "x.gz") / "x.gz")], None, 0)
    with pytest.raises(UsageError, match="has no files named pageviews-"):
        plan_files([str(tmp_path / "c")], None, 0)


def test_other_wikis_in_both_forms_of_files(hour, day):
    assert list(read_views(hour, wiki="de")) == [("Katze", 9)]
    assert list(read_views(day, wiki="de")) == [("Katze", 9)]
    assert list(read_views(hour, wiki="simple")) == [("Cat", 1)]
    assert list(read_views(day, wiki="fr")) == []


@given(
    st.lists(st.sampled_from(HOUR.splitlines() + DAY_LINES.splitlines() + PROJECTS)), st.sampled_from([HOURLY, DAILY])
)
def test_all_wikis_at_once_are_those_read_one_by_one(tmp_path_factory, lines, form):
    path = tmp_path_factory.mktemp("views") / "file"
    path.write_text("\n".join(lines))
    file = ViewsFile(str(path), path.name, "20240115", form)
    together = list(read_all_views(file))
    wikis = ("en", "de", "zh_min_nan", "be_tarask", "simple", "fr")
    assert {wiki for wiki, _ in together} <= set(wikis), "Wiktionary, Commons and others are no wikis"
    for wiki in wikis:
        assert [line for of, line in together if of == wiki] == list(read_views(file, wiki=wiki))
