"""Pages that say no: opt-outs in HTTP headers and meta tags, read by the rules of those who defined them.

- Robots directives, in `X-Robots-Tag` and `<meta name="robots">`, as Google documents them
  (developers.google.com/search/docs/crawling-indexing/robots-meta-tag): comma-separated, in any case; a header's may be
  addressed to an agent (`googlebot: noindex, nofollow`), a meta tag's by its name; `none` is `noindex, nofollow`; `all`
  says nothing, and where directives disagree the most restrictive holds. `noai` and `noimageai` are DeviantArt's
  (2022), taken up by others.
- `tdm-reservation`, header and meta tag: the W3C community group's TDM Reservation Protocol (www.w3.org/2022/tdmrep).
  1 reserves the rights, 0 does not, and what a meta tag says goes before the header. Its file of a whole site,
  /.well-known/tdmrep.json, is in no archive of pages, and not looked for.

Directives count when they address everyone or an agent of `AI_AGENTS`; those for others, such as googlebot, do not.
White space and semicolons part directives too, since sites write `noindex nofollow`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from udfs.outcomes import Outcome


class OptOut(StrEnum):
    """What a page may opt out by, in the order in which the reasons go when there are several."""

    NOAI = "noai"
    NOIMAGEAI = "noimageai"
    TDM = "tdm"
    NOINDEX = "noindex"


DEFAULT_OPT_OUTS = (OptOut.NOAI, OptOut.NOIMAGEAI, OptOut.TDM)
"""What is respected unless asked otherwise: `noindex` is about search results, and says nothing of data sets."""

OUTCOMES = {
    OptOut.NOAI: Outcome.PAGE_NOAI,
    OptOut.NOIMAGEAI: Outcome.PAGE_NOIMAGEAI,
    OptOut.TDM: Outcome.PAGE_TDM_RESERVED,
    OptOut.NOINDEX: Outcome.PAGE_NOINDEX,
}

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
"""Tokens of crawlers that collect for training and data sets, lower-case: those of github.com/ai-robots-txt that are
said to. Agents that fetch a page to answer somebody's question are not among them."""

ROBOTS_HEADER, TDM_NAME = "x-robots-tag", "tdm-reservation"
HEADERS = frozenset((ROBOTS_HEADER, TDM_NAME))
"""The HTTP fields that matter here, lower-case."""

METAS = AI_AGENTS | {"robots", TDM_NAME}
"""The names of meta tags that matter here."""

_EVERYONE = frozenset(("robots", "*"))
_DIRECTIVES = {
    "noai": OptOut.NOAI,
    "noimageai": OptOut.NOIMAGEAI,
    "noindex": OptOut.NOINDEX,
    "none": OptOut.NOINDEX,
}
_NO_AGENTS = _DIRECTIVES.keys() | {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
_parts = re.compile(r"[,;]").split
_agent = re.compile(r"[a-z*][a-z0-9_.*/+-]*").fullmatch
_RESERVATIONS = frozenset(("0", "1"))

Named = tuple[str, str]
"""A name in lower case, and its value as written."""


def opted_out(headers: Sequence[Named], metas: Sequence[Named], respected: frozenset[OptOut]) -> Outcome | None:
    """The first opt-out of a page among those `respected`, by the order of `OptOut`; None when there is none.

    `headers` are those of its HTTP fields that are in `HEADERS`, each as often as it was sent; `metas` the (name,
    content) of its meta tags. Others do not matter. Never raises.
    """
    if not headers and not metas:
        return None
    said = set(_from_headers(headers))
    for name, content in metas:
        if _is_heard(name):
            said.update(directives(content))
    if _is_reserved(headers, metas):
        said.add(OptOut.TDM)
    return next((OUTCOMES[opt_out] for opt_out in OptOut if opt_out in said and opt_out in respected), None)


def directives(content: str) -> Iterator[OptOut]:
    """The opt-outs among the robots directives of a meta tag. A directive with a value (`max-image-preview: none`) is
    none of them."""
    for part in _parts(content.lower()):
        if ":" not in part:
            yield from _known(part)


def header_directives(value: str) -> Iterator[OptOut]:
    """The opt-outs of one `X-Robots-Tag` header for everyone and for `AI_AGENTS`. An agent's name holds for all that
    follows in the header, up to another's."""
    heard = True
    for part in _parts(value.lower()):
        head, colon, rest = part.partition(":")
        while colon and (name := head.strip()) not in _NO_AGENTS and _agent(name):
            heard = _is_heard(name)
            part = rest
            head, colon, rest = part.partition(":")
        if heard and not colon:
            yield from _known(part)


def _from_headers(headers: Iterable[Named]) -> Iterator[OptOut]:
    for name, value in headers:
        if name == ROBOTS_HEADER:
            yield from header_directives(value)


def _known(part: str) -> Iterator[OptOut]:
    for word in part.split():
        if word in _DIRECTIVES:
            yield _DIRECTIVES[word]


def _is_heard(agent: str) -> bool:
    return agent in _EVERYONE or agent in AI_AGENTS


def _is_reserved(headers: Iterable[Named], metas: Iterable[Named]) -> bool:
    """Whether rights are reserved: by the meta tags where one says so or not, else by the headers. Values that are
    neither 0 nor 1 are none; of several, 1 holds."""
    for source in (metas, headers):
        values = {part.strip() for name, value in source if name == TDM_NAME for part in value.split(",")}
        if found := values & _RESERVATIONS:
            return "1" in found
    return False
