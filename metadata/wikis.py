"""The Wikipedias: their codes, the names of their projects in page views, their namespaces, and the names of dumps.

A wiki's code is that of its database, as in the names of dumps and of the lists here: `de`, `zh_min_nan`, `simple`.
Page views name it by its domain, with hyphens: `zh-min-nan`. The wiki of Belarusian in the Taraškievica orthography
still has the database `be_x_oldwiki`; its domain is `be-tarask.wikipedia.org`, and its code here `be_tarask`.
Source: https://wikitech.wikimedia.org/wiki/Data_Platform/Data_Lake/Traffic/Pageviews (domain codes).
"""

import re
from typing import NamedTuple

from udfs.errors import UsageError

ENGLISH, SIMPLE = "en", "simple"
ALL = "all"
"""Stands for every Wikipedia at once, where page views are counted."""
CODE_FORM = "a code such as de, zh_yue or simple"

_CODE = re.compile(r"[a-z]{2,3}(?:_[a-z]+)*|simple")
_RENAMED = {"be_x_old": "be_tarask"}
_NOT_WIKIPEDIAS = frozenset({"ten", "wg_en"})
"""Codes that name another site in page views and databases, though they look like a language's."""

FOLDS = {"zh_classical": "zh"}
"""Wikis whose entries join the list of another one when lists of many wikis are built, because their captions are
identified as that one's. `zh_yue` stands alone, since Cantonese is identified; `zh_min_nan` is written in Latin
letters; and so do `simple` and all others."""

NAMESPACES = frozenset(
    """media special talk user file mediawiki template help category image wikipedia module timedtext gadget
    gadget-definition project user-talk project-talk wikipedia-talk file-talk image-talk mediawiki-talk template-talk
    help-talk category-talk module-talk timedtext-talk gadget-talk gadget-definition-talk""".split()
)
"""The namespaces that every Wikipedia has under these names, whatever its own names for them, folded."""

ENGLISH_NAMESPACES = NAMESPACES | frozenset(
    """portal draft mos topic book wp wt tm portal-talk draft-talk book-talk mos-talk education-program
    education-program-talk event event-talk transwiki""".split()
)
"""The namespaces of the English Wikipedia and their aliases, folded, with hyphens for spaces. Titles such as "Star
Wars: Episode IV" are in none of them and are kept."""

CHINESE_CATEGORIES = ("分类", "分類")
"""Chinese names of the category namespace. The dumps of some Chinese wikis call it `Category`, but their pages use
these aliases (MediaWiki's MessagesZh_hans and MessagesZh_hant)."""

CHINESE_NAMESPACES = frozenset(
    """媒体 特殊 对话 讨论 用户 用户对话 用户讨论 图像 图像对话 模板 模板讨论 帮助 帮助讨论 分类 分类讨论
    媒體 對話 討論 用戶 用戶對話 用戶討論 圖像 檔案 文件 圖像對話 圖像討論 檔案對話 檔案討論 文件對話
    文件討論 樣板 樣板對話 樣板討論 模板對話 模板討論 幫助 幫助對話 幫助討論 分類 分類對話 分類討論""".split()
)
"""The other aliases of these files, which page views may hold."""

_DUMP = re.compile(
    r"(?P<wiki>[a-z_]+)wiki-(?P<date>\d{8}|latest)-pages-articles(?P<stream>-multistream)?(?P<part>\d*)\.xml"
    r"(?:-p\d+p\d+)?(?:\.bz2)?"
)


class DumpName(NamedTuple):
    """What the name of a dump says: the wiki's code, the date, whether it is multistream, and one of several parts."""

    wiki: str
    date: str
    is_multistream: bool
    is_part: bool


def wiki_code(text: str) -> str | None:
    """The code of a Wikipedia by its code, domain or former code, such as `zh-min-nan`; None for any other text."""
    code = text.lower().replace("-", "_")
    return None if not _CODE.fullmatch(code) or code in _NOT_WIKIPEDIAS else _RENAMED.get(code, code)


def check_language(code: str) -> None:
    """Raise UsageError for a text that is not the code of one Wikipedia."""
    if code == ALL or wiki_code(code) != code:
        raise UsageError(f"--language {code}: a list is of one Wikipedia: name {CODE_FORM}")


def domains(wiki: str) -> tuple[str, ...]:
    """The domains of a wiki in page views, below wikipedia.org."""
    return (*(name.replace("_", "-") for name, code in _RENAMED.items() if code == wiki), wiki.replace("_", "-"))


def namespaces(wiki: str) -> frozenset[str]:
    """The names of namespaces that are known without the wiki's dump, as `folded_namespace` writes them."""
    return ENGLISH_NAMESPACES if wiki == ENGLISH else NAMESPACES


def folded_namespace(name: str) -> str:
    """A namespace's name without case, with hyphens for spaces and underscores."""
    return name.strip().replace(" ", "-").replace("_", "-").casefold()


def dump_name(name: str) -> DumpName | None:
    """What the name of a file says if it is a dump of articles of a Wikipedia, else None."""
    match = _DUMP.fullmatch(name)
    wiki = wiki_code(match["wiki"]) if match else None
    if match is None or wiki is None:
        return None
    return DumpName(wiki, match["date"], bool(match["stream"]), bool(match["part"]))
