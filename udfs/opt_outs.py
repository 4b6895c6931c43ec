"""Opt-outs of pages, in HTTP headers and meta tags, read by the rules of those who defined them.

- Robots directives, in `X-Robots-Tag` and `<meta name="robots">`, as Google documents them
  (developers.google.com/search/docs/crawling-indexing/robots-meta-tag): comma-separated, in any case. A header may
  address an agent (`googlebot: noindex, nofollow`); a meta tag does so by its name. `none` means `noindex, nofollow`,
  `all` means nothing, and of directives that disagree the most restrictive holds. DeviantArt introduced `noai` and
  `noimageai` (2022); other sites adopted them.
- `tdm-reservation`, in headers and meta tags: the W3C community group's TDM Reservation Protocol
  (www.w3.org/2022/tdmrep). 1 reserves the rights, 0 does not; a meta tag takes precedence over the header. The
  protocol's file for a whole site, /.well-known/tdmrep.json, is not in archives of pages, so it is not read.

Directives count when they address everyone or an agent of `AI_AGENTS`; those for other agents, such as googlebot, do
not. White space and semicolons separate directives too, because sites write `noindex nofollow`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from udfs.outcomes import Outcome


class OptOut(StrEnum):
    """What a page may opt out by: its name, the outcome of such a page, whether it is respected by default, and the
    robots directives that mean it. If a page has several, the first in this order is its outcome.

    A new opt-out is one line here and one in `udfs.outcomes`.
    """

    outcome: Outcome
    by_default: bool
    directives: tuple[str, ...]

    def __new__(cls, value: str, outcome: Outcome, by_default: bool, *directives: str) -> "OptOut":
        member = str.__new__(cls, value)
        member._value_ = value
        member.outcome = outcome
        member.by_default = by_default
        member.directives = directives
        return member

    NOAI = "noai", Outcome.PAGE_NOAI, True, "noai"
    NOIMAGEAI = "noimageai", Outcome.PAGE_NOIMAGEAI, True, "noimageai"
    TDM = "tdm", Outcome.PAGE_TDM_RESERVED, True
    # off by default: it concerns search results, not data sets
    NOINDEX = "noindex", Outcome.PAGE_NOINDEX, False, "noindex", "none"


DEFAULT_OPT_OUTS = tuple(opt_out for opt_out in OptOut if opt_out.by_default)
OPTED_OUT = tuple(opt_out.outcome for opt_out in OptOut)
"""The outcomes of pages that opted out."""

AI_AGENTS = frozenset(
    (
        *("ai2bot", "ai2bot-dolma", "amazonbot", "anthropic-ai", "applebot-extended", "bytespider", "ccbot"),
        *("claude-web", "claudebot", "cohere-ai", "cohere-training-data-crawler", "cotoyogi", "deepseekbot"),
        *("diffbot", "facebookbot", "friendlycrawler", "google-extended", "googleother", "googleother-image"),
        *("gptbot", "icc-crawler", "imagesiftbot", "img2dataset", "laion-huggingface-processor"),
        *("laiondownloader", "meta-externalagent", "omgili", "omgilibot", "pangubot", "sbintuitionsbot"),
        *("tiktokspider", "timpibot", "velenpublicwebcrawler", "webzio-extended"),
    )
)
"""Crawlers that collect for training and data sets, according to github.com/ai-robots-txt; lower case. Agents that
fetch a page to answer a user's question are not among them."""

ROBOTS_HEADER, TDM_NAME = "x-robots-tag", "tdm-reservation"
HEADERS = frozenset((ROBOTS_HEADER, TDM_NAME))
"""The HTTP fields that can opt out, in lower case."""

METAS = AI_AGENTS | {"robots", TDM_NAME}
"""The names of the meta tags that can opt out, in lower case."""

_EVERYONE = frozenset(("robots", "*"))
_DIRECTIVES = {directive: opt_out for opt_out in OptOut for directive in opt_out.directives}
META_WORDS = (*_DIRECTIVES, TDM_NAME)
"""A meta tag that opts out has one of these words in its name or its content, in any case."""

_NOT_AGENTS = _DIRECTIVES.keys() | {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
_parts = re.compile(r"[,;]").split
_agent = re.compile(r"[a-z*][a-z0-9_.*/+-]*").fullmatch
_RESERVATIONS = frozenset(("0", "1"))

Named = tuple[str, str]
"""A name in lower case, and its value as the page has it."""


def opted_out(headers: Sequence[Named], metas: Sequence[Named], respected: frozenset[OptOut]) -> Outcome | None:
    """The outcome of a page's first opt-out, in the order of `OptOut`, among those `respected`; None without one.

    `headers` are the page's HTTP fields of `HEADERS`, each as often as it was sent; `metas` the (name, content) of its
    meta tags. Others are ignored. Never raises.
    """
    if not headers and not metas:
        return None
    opt_outs = set(_from_headers(headers))
    for name, content in metas:
        if _concerns_us(name):
            opt_outs.update(meta_directives(content))
    if _is_reserved(headers, metas):
        opt_outs.add(OptOut.TDM)
    return next((opt_out.outcome for opt_out in OptOut if opt_out in opt_outs and opt_out in respected), None)


def meta_directives(content: str) -> Iterator[OptOut]:
    """The opt-outs among the robots directives of a meta tag. A directive with a value (`max-image-preview: none`) is
    not one."""
    for part in _parts(content.lower()):
        if ":" not in part:
            yield from _known(part)


def header_directives(value: str) -> Iterator[OptOut]:
    """The opt-outs of one `X-Robots-Tag` header for everyone and for `AI_AGENTS`. An agent's name applies to all
    directives after it, up to the next agent's name."""
    concerns_us = True
    for part in _parts(value.lower()):
        head, colon, rest = part.partition(":")
        while colon and (name := head.strip()) not in _NOT_AGENTS and _agent(name):
            concerns_us = _concerns_us(name)
            part = rest
            head, colon, rest = part.partition(":")
        if concerns_us and not colon:
            yield from _known(part)


def _from_headers(headers: Iterable[Named]) -> Iterator[OptOut]:
    for name, value in headers:
        if name == ROBOTS_HEADER:
            yield from header_directives(value)


def _known(part: str) -> Iterator[OptOut]:
    for word in part.split():
        if word in _DIRECTIVES:
            yield _DIRECTIVES[word]


def _concerns_us(agent: str) -> bool:
    return agent in _EVERYONE or agent in AI_AGENTS


def _is_reserved(headers: Iterable[Named], metas: Iterable[Named]) -> bool:
    """Whether the rights are reserved: by the meta tags if they have a valid value, else by the headers. Only 0 and 1
    are valid; if both occur, 1 holds."""
    for fields in (metas, headers):
        values = {part.strip() for name, value in fields if name == TDM_NAME for part in value.split(",")}
        if valid := values & _RESERVATIONS:
            return "1" in valid
    return False
