"""Reads the `<siteinfo>` with which every dump of MediaWiki begins: which wiki it is, and its names of namespaces.

Source: https://www.mediawiki.org/wiki/Help:Export, and the schema export-0.11.xsd.
"""

from contextlib import suppress
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from metadata.streams import Damage, read_chunks
from metadata.wikis import CHINESE_CATEGORIES, CHINESE_NAMESPACES, folded_namespace, wiki_code
from udfs.errors import UsageError

_BEGIN, _END, _PAGE = b"<siteinfo", b"</siteinfo>", b"<page>"
_MOST_BYTES = 8 << 20
_CATEGORY = 14
_DATABASE_ENDING = "wiki"


class Site(NamedTuple):
    """What a dump says about its wiki: its code (None if it does not say), and namespaces by number."""

    wiki: str | None
    namespaces: dict[int, str]

    @property
    def _is_chinese(self) -> bool:
        return (self.wiki or "").startswith("zh")

    @property
    def categories(self) -> tuple[str, ...]:
        """The wiki's own names of categories, besides `Category`."""
        names = (self.namespaces.get(_CATEGORY, ""), *(CHINESE_CATEGORIES if self._is_chinese else ()))
        return tuple(name for name in dict.fromkeys(names) if name and name != "Category")

    @property
    def excluded(self) -> frozenset[str]:
        """The names of all namespaces but that of the articles, as `wikis.folded_namespace` writes them."""
        own = frozenset(folded_namespace(name) for number, name in self.namespaces.items() if number != 0 and name)
        return own | CHINESE_NAMESPACES if self._is_chinese else own


def read_site(path: str) -> Site:
    """The site of a dump; without a `<siteinfo>`, or of an empty one, a site that says nothing. So does a dump that is
    damaged before the end of its siteinfo, because counting its pages reports the damage.

    Raises UsageError for a siteinfo that is not of this form.
    """
    head = b""
    with suppress(Damage):
        for chunk in read_chunks(path):
            head += chunk
            if _END in head or _PAGE in head or len(head) > _MOST_BYTES:
                break
    begin, end = head.find(_BEGIN), head.find(_END)
    if begin < 0 or end < begin:
        return Site(None, {})
    try:
        root = fromstring(head[begin : end + len(_END)], forbid_dtd=True)
        names = {int(item.get("key", "")): (item.text or "").strip() for item in root.iterfind("namespaces/namespace")}
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UsageError(f"{path}: its siteinfo is not that of a MediaWiki export: {error}") from error
    database = (root.findtext("dbname") or "").strip()
    wiki = wiki_code(database.removesuffix(_DATABASE_ENDING)) if database.endswith(_DATABASE_ENDING) else None
    return Site(wiki, names)
