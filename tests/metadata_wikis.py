"""Dumps and page views of small Wikipedias in several languages, with the names and the siteinfo of Wikimedia's."""

import bz2
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from metadata_dumps import FOOT, MiniPage

NAMESPACES: dict[str, dict[int, str]] = {
    "de": {-2: "Medium", -1: "Spezial", 1: "Diskussion", 2: "Benutzer", 3: "Benutzer Diskussion", 4: "Wikipedia"}
    | {6: "Datei", 10: "Vorlage", 12: "Hilfe", 14: "Kategorie", 15: "Kategorie Diskussion", 100: "Portal"},
    "ja": {-2: "メディア", -1: "特別", 1: "ノート", 2: "利用者", 3: "利用者‐会話", 4: "Wikipedia", 6: "ファイル"}
    | {10: "Template", 12: "Help", 14: "Category", 15: "Category‐ノート", 100: "Portal"},
    "th": {-2: "สื่อ", -1: "พิเศษ", 1: "พูดคุย", 2: "ผู้ใช้", 4: "วิกิพีเดีย", 6: "ไฟล์", 10: "แม่แบบ", 14: "หมวดหมู่"},
    "ar": {-2: "ميديا", -1: "خاص", 1: "نقاش", 2: "مستخدم", 4: "ويكيبيديا", 6: "ملف", 10: "قالب", 14: "تصنيف"},
    "vi": {-1: "Đặc biệt", 1: "Thảo luận", 2: "Thành viên", 6: "Tập tin", 14: "Thể loại"},
    "en": {-1: "Special", 1: "Talk", 2: "User", 6: "File", 14: "Category"},
}
"""Names of namespaces as the dumps of these wikis have them."""


def head(wiki: str, language: str | None = None) -> str:
    """The beginning of a wiki's dump."""
    code = language or wiki.replace("_", "-")
    named = "".join(
        f'      <namespace key="{key}" case="first-letter">{escape(name)}</namespace>\n'
        for key, name in NAMESPACES.get(wiki, NAMESPACES["en"]).items()
    )
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.mediawiki.org/xml/'
        f'export-0.11/ http://www.mediawiki.org/xml/export-0.11.xsd" version="0.11" xml:lang="{code}">\n'
        f"  <siteinfo>\n    <sitename>Wikipedia</sitename>\n    <dbname>{wiki}wiki</dbname>\n"
        f"    <base>https://{code}.wikipedia.org/wiki/Main_Page</base>\n    <generator>MediaWiki 1.43</generator>\n"
        '    <case>first-letter</case>\n    <namespaces>\n      <namespace key="0" case="first-letter" />\n'
        f"{named}    </namespaces>\n  </siteinfo>\n"
    )


def write_dump(
    folder: Path, wiki: str, texts: Sequence[str], *, date: str = "20240501", part: str = "", ending: str = ""
) -> Path:
    """A dump of articles with these texts, one bzip2 stream."""
    pages = "".join(MiniPage(f"Page {number}", text).xml() for number, text in enumerate(texts))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{wiki}wiki-{date}-pages-articles{part}.xml{ending}.bz2"
    path.write_bytes(bz2.compress((head(wiki) + pages + FOOT).encode()))
    return path


def write_hour(folder: Path, hour: int, views: Mapping[tuple[str, str], int]) -> Path:
    """An hourly file of page views, by domain code and title."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pageviews-20240501-{hour:02d}0000.gz"
    lines = "".join(f"{project} {title} {number} 0\n" for (project, title), number in sorted(views.items()))
    path.write_bytes(gzip.compress(lines.encode()))
    return path
