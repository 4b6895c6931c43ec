"""Opt-outs of pages: the examples of Google's documentation and of TDMRep, and other spellings that sites use."""

import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import opt_outs
from udfs.opt_outs import AI_AGENTS, DEFAULT_OPT_OUTS, OPTED_OUT, OptOut, header_directives, opted_out
from udfs.outcomes import SUMS, Outcome

ALL = frozenset(OptOut)
NOAI, NOIMAGEAI, TDM, NOINDEX = OptOut


def by_header(*values: str) -> str | None:
    return opted_out([("x-robots-tag", value) for value in values], [], ALL)


def by_meta(content: str, name: str = "robots") -> str | None:
    return opted_out([], [(name, content)], ALL)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        # developers.google.com/search/docs/crawling-indexing/robots-meta-tag
        (("noindex",), "page_noindex"),
        (("noarchive", "unavailable_after: 25 Jun 2010 15:00:00 PST"), None),
        (("googlebot: nofollow", "otherbot: noindex, nofollow"), None),
        (("noimageindex, unavailable_after: 25 Jun 2010 15:00:00 PST",), None),
        (("max-image-preview:none", "max-snippet:0", "nosnippet", "indexifembedded"), None),
        (("all",), None),
        (("none",), "page_noindex"),
        (("NOINDEX, NoFollow",), "page_noindex"),
        (("all, noindex",), "page_noindex"),
        # DeviantArt's, as its pages send them
        (("noimageai", "noai"), "page_noai"),
        (("noimageai",), "page_noimageai"),
        (("NoAI, NoImageAI",), "page_noai"),
        # agents
        (("CCBot: noai",), "page_noai"),
        (("googlebot: noai",), None),
        (("googlebot: noai", "noimageai"), "page_noimageai"),
        (("googlebot: nofollow, noai",), None),
        (("googlebot: nofollow, gptbot: noindex, nofollow",), "page_noindex"),
        (("GPTBot : noindex",), "page_noindex"),
        (("*: noai",), "page_noai"),
        (("robots: noai",), "page_noai"),
        (("googlebot: unavailable_after: 25 Jun 2010 15:00:00 PST, noai",), None),
        (("gptbot: unavailable_after: 25 Jun 2010 15:00:00 PST, noai",), "page_noai"),
        # dates with commas and colons are no agents
        (("unavailable_after: Friday, 25-Jun-10 15:00:00 UTC, noai",), "page_noai"),
        (("unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noindex",), "page_noindex"),
        (("max-snippet: 20, noai",), "page_noai"),
        # as sites write it
        (("noindex; noai",), "page_noai"),
        (("noindex nofollow",), "page_noindex"),
        (("noindexed, xnoai, noai2",), None),
        (("",), None),
        ((":,;:",), None),
        (("index, follow",), None),
        ((), None),
    ],
)
def test_x_robots_tag(values: tuple[str, ...], outcome: str | None) -> None:
    assert by_header(*values) == outcome


@pytest.mark.parametrize(
    ("name", "content", "outcome"),
    [
        ("robots", "noindex", "page_noindex"),
        ("robots", "none", "page_noindex"),
        ("robots", "all", None),
        ("robots", "nofollow, noarchive, max-image-preview: none", None),
        ("robots", "max-image-preview:none, NOAI", "page_noai"),
        ("robots", "noai,noimageai", "page_noai"),
        ("robots", "noimageai", "page_noimageai"),
        ("robots", "index, follow, max-snippet:-1", None),
        ("robots", "", None),
        ("googlebot", "noindex", None),
        ("googlebot-news", "nosnippet, noai", None),
        ("ccbot", "noai", "page_noai"),
        ("google-extended", "noindex", "page_noindex"),
        ("description", "noai", None),
        ("keywords", "noindex, none", None),
    ],
)
def test_robots_metas(name: str, content: str, outcome: str | None) -> None:
    assert by_meta(content, name) == outcome


@pytest.mark.parametrize(
    ("headers", "metas", "is_reserved"),
    [
        # www.w3.org/2022/tdmrep: header fields, meta tags, and which goes first
        (["1"], [], True),
        (["0"], [], False),
        ([], ["1"], True),
        ([], ["0"], False),
        (["0"], ["1"], True),
        (["1"], ["0"], False),
        (["1"], ["yes"], True),  # no value: as if it were not there
        (["true"], [], False),
        ([" 1 "], [], True),
        (["0", "1"], [], True),
        (["0, 1"], [], True),
        ([], ["0", "1"], True),
        (["11"], ["10"], False),
        ([""], [""], False),
    ],
)
def test_tdm_reservation(headers: list[str], metas: list[str], is_reserved: bool) -> None:
    fields = [("tdm-reservation", value) for value in headers]
    tags = [("tdm-policy", "https://provider.com/policies/policy.json")]
    tags += [("tdm-reservation", value) for value in metas]
    assert opted_out(fields, tags, ALL) == ("page_tdm_reserved" if is_reserved else None)


def test_only_respected_opt_outs_count_and_the_first_of_several() -> None:
    headers = [("x-robots-tag", "noindex, noimageai"), ("tdm-reservation", "1")]
    metas = [("robots", "noai")]
    for respected, expected in (
        (ALL, Outcome.PAGE_NOAI),
        (ALL - {NOAI}, Outcome.PAGE_NOIMAGEAI),
        ({TDM, NOINDEX}, Outcome.PAGE_TDM_RESERVED),
        ({NOINDEX}, Outcome.PAGE_NOINDEX),
        (set(), None),
    ):
        assert opted_out(headers, metas, frozenset(respected)) is expected
    assert opted_out([("x-robots-tag", "noindex")], [], frozenset(DEFAULT_OPT_OUTS)) is None


def test_every_opt_out_has_its_own_outcome_among_records() -> None:
    assert len(set(OPTED_OUT)) == len(OptOut)
    assert set(OPTED_OUT) < set(SUMS[Outcome.RECORDS])


def test_a_new_opt_out_is_one_line() -> None:
    """A word that is declared in one place works everywhere: as a directive, as a default, with its outcome."""
    source = Path(opt_outs.__file__).read_text(encoding="utf-8")
    line = '    NOTRAIN = "notrain", Outcome.PAGE_NOINDEX, True, "notrain", "noml"\n'
    extended = types.ModuleType("extended")
    exec(source.replace("\n\nDEFAULT_OPT_OUTS", f"\n{line}\n\nDEFAULT_OPT_OUTS", 1), vars(extended))
    respected = frozenset(extended.DEFAULT_OPT_OUTS)
    assert "notrain" in respected
    for word in ("notrain", "NoML"):
        assert extended.opted_out([("x-robots-tag", f"{word}: x, {word}")], [], respected) is Outcome.PAGE_NOINDEX
        assert extended.opted_out([], [("robots", f"nofollow, {word}")], respected) is Outcome.PAGE_NOINDEX


def test_agents_are_written_as_they_are_compared() -> None:
    assert {agent.lower().strip() for agent in AI_AGENTS} == AI_AGENTS
    for agent in AI_AGENTS:
        assert list(header_directives(f"{agent.upper()}: NoAI")) == [NOAI]


WORDS = st.sampled_from(
    ("noai", "NOAI", "noindex", "none", "all", ",", ":", ";", " ", "ccbot", "googlebot", "*", "unavailable_after", "1")
)
VALUES = st.lists(WORDS | st.text(max_size=3), max_size=12).map("".join)


@given(
    st.lists(st.tuples(st.sampled_from(["x-robots-tag", "tdm-reservation"]), VALUES), max_size=4),
    st.lists(st.tuples(st.sampled_from(["robots", "ccbot", "tdm-reservation", "x"]), VALUES), max_size=4),
    st.sets(st.sampled_from(OptOut)),
)
def test_nothing_crashes_and_respecting_more_never_keeps_more_pages(
    headers: list[tuple[str, str]], metas: list[tuple[str, str]], respected: set[OptOut]
) -> None:
    outcome = opted_out(headers, metas, frozenset(respected))
    assert outcome is None or outcome in {opt_out.outcome for opt_out in respected}
    assert (outcome is None) >= (opted_out(headers, metas, ALL) is None)
    upper = [(name, value.upper()) for name, value in headers]
    if all(value.isascii() for _, value in headers):
        assert opted_out(upper, metas, frozenset(respected)) == outcome


@given(st.lists(st.sampled_from(["noai", "nofollow", "noindex", "none", "all", "noimageai"]), max_size=6))
def test_order_and_headers_do_not_matter_without_agents(words: list[str]) -> None:
    joined = by_header(", ".join(words))
    assert joined == by_header(*words) == by_header(*reversed(words)) == by_meta(",".join(words))
