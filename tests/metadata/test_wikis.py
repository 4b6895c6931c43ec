"""Codes of wikis, domains, names of dumps, and the siteinfo of dumps."""

import bz2

import pytest
from metadata_dumps import HEAD
from metadata_wikis import NAMESPACES, head, write_dump

from metadata.siteinfo import Site, read_site
from metadata.wikis import (
    ENGLISH_NAMESPACES,
    FOLDS,
    check_language,
    domains,
    dump_name,
    folded_namespace,
    namespaces,
    wiki_code,
)
from udfs.errors import UsageError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "de"),
        ("zh-min-nan", "zh_min_nan"),
        ("zh_classical", "zh_classical"),
        ("simple", "simple"),
        ("be-x-old", "be_tarask"),
        ("be_tarask", "be_tarask"),
        ("DE", "de"),
        ("commons", None),
        ("meta", None),
        ("ten", None),
        ("wg-en", None),
        ("de.m", None),
        ("", None),
        ("d", None),
        ("all4", None),
    ],
)
def test_codes(text, code):
    assert wiki_code(text) == code
    assert code is None or wiki_code(code) == code


def test_domains_have_hyphens_and_the_former_name():
    assert domains("de") == ("de",)
    assert domains("zh_min_nan") == ("zh-min-nan",)
    assert domains("be_tarask") == ("be-x-old", "be-tarask")
    assert all(wiki_code(domain) == wiki for wiki in ("de", "zh_yue", "be_tarask") for domain in domains(wiki))


@pytest.mark.parametrize("code", ["all", "zh-yue", "be_x_old", "Deutsch", ""])
def test_a_list_is_of_one_wiki(code):
    with pytest.raises(UsageError, match="a list is of one Wikipedia"):
        check_language(code)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dewiki-20240501-pages-articles.xml.bz2", ("de", "20240501", False, False)),
        ("dewiki-20240501-pages-articles-multistream.xml.bz2", ("de", "20240501", True, False)),
        ("dewiki-latest-pages-articles3.xml-p1p41242.bz2", ("de", "latest", False, True)),
        ("enwiki-20240501-pages-articles-multistream12.xml-p1p41242.bz2", ("en", "20240501", True, True)),
        ("be_x_oldwiki-20240501-pages-articles.xml", ("be_tarask", "20240501", False, False)),
        ("zh_min_nanwiki-20240501-pages-articles.xml.bz2", ("zh_min_nan", "20240501", False, False)),
        ("dewiki-20240501-pages-articles-multistream-index.txt.bz2", None),
        ("dewiki-20240501-pages-meta-current.xml.bz2", None),
        ("dewiktionary-20240501-pages-articles.xml.bz2", None),
        ("commonswiki-20240501-pages-articles.xml.bz2", None),
        ("wikidatawiki-20240501-pages-articles.xml.bz2", None),
    ],
)
def test_names_of_dumps(name, expected):
    assert dump_name(name) == expected


def test_folds_lead_to_lists_that_stand_alone():
    assert not FOLDS.keys() & set(FOLDS.values())
    assert not FOLDS.keys() & {"zh_min_nan", "simple", "be_tarask"}
    assert all(wiki_code(code) == code for pair in FOLDS.items() for code in pair)


def test_namespaces_that_all_wikis_have_are_english_too():
    assert namespaces("de") < namespaces("en") == ENGLISH_NAMESPACES
    assert {"category", "file", "user-talk"} <= namespaces("de") and "draft" not in namespaces("de")
    assert folded_namespace(" User_talk ") == folded_namespace("user talk") == "user-talk"


@pytest.mark.parametrize("wiki", ["de", "ja", "th", "ar"])
def test_a_dump_names_its_wiki_and_namespaces(tmp_path, wiki):
    site = read_site(str(write_dump(tmp_path, wiki, ["text"])))
    assert site.wiki == wiki
    assert {number: name for number, name in site.namespaces.items() if number} == NAMESPACES[wiki]
    own = NAMESPACES[wiki][14]
    assert site.categories == (() if own == "Category" else (own,))
    assert site.excluded == {folded_namespace(name) for name in NAMESPACES[wiki].values()}


def test_chinese_dumps_have_aliases(tmp_path):
    assert read_site(str(write_dump(tmp_path, "zh", []))).categories == ("分类", "分類")
    assert {"特殊", "模板"} <= read_site(str(write_dump(tmp_path, "zh_yue", []))).excluded


def test_dumps_that_say_nothing(tmp_path):
    plain = tmp_path / "a.xml"
    for text in (HEAD + "</mediawiki>", "<mediawiki><page/></mediawiki>", head("de").partition("</siteinfo>")[0], ""):
        plain.write_text(text)
        assert read_site(str(plain)) == Site(None, {})
    cut = tmp_path / "b.xml.bz2"
    cut.write_bytes(bz2.compress(head("de").encode())[:-20])
    assert read_site(str(cut)) == Site(None, {})
    plain.write_text(head("dewiktionary").replace("dewiktionarywiki", "dewiktionary"))
    assert read_site(str(plain)).wiki is None


@pytest.mark.parametrize(
    "broken", ["<siteinfo><a></siteinfo>", '<siteinfo><namespaces><namespace key="x"/></namespaces></siteinfo>']
)
def test_another_siteinfo_is_refused(tmp_path, broken):
    path = tmp_path / "a.xml"
    path.write_text(f"<mediawiki>{broken}<page></page></mediawiki>")
    with pytest.raises(UsageError, match="its siteinfo is not that of a MediaWiki export"):
        read_site(str(path))
