"""Reads Wikimedia's pageviews, hourly and daily complete files, to the views of titles of one Wikipedia or of all.

Hourly files (`pageviews-YYYYMMDD-HH0000[.gz]`) have lines of `domain_code page_title views response_bytes`; `en` is the
desktop site, `en.m` the mobile one, and `en.d` the Wiktionary. `commons.m` is no mobile Wikipedia: of the sites below
wikimedia.org, none has a language's code. Daily complete files (`pageviews-YYYYMMDD-user[.bz2]`) have lines of `wiki
title page_id access views hours`: `en.wikipedia` is English, the page id may be missing, and `hours` gives each hour as
a letter, followed by its views (`A3X12`).
Source: https://dumps.wikimedia.org/other/pageviews/readme.html, https://dumps.wikimedia.org/other/pageview_complete/
"""

import re
from collections.abc import Callable, Iterable, Iterator
from os import scandir
from os.path import isdir
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from metadata.streams import read_lines
from metadata.wikis import ENGLISH, ENGLISH_NAMESPACES, domains, folded_namespace, namespaces, wiki_code
from udfs.captions.canonical import canonical
from udfs.errors import UsageError
from udfs.hashing import pair_hash

HOURLY, DAILY = "hourly", "daily"
_NAME = re.compile(r"pageviews-(\d{8})-(?:(\d{2})0000(?:\.gz)?|(?:user|spider|automated)(?:\.bz2)?)")
_FORMS = "pageviews-YYYYMMDD-HH0000[.gz] or pageviews-YYYYMMDD-user[.bz2]"
_MOBILE, _WIKIPEDIA = ".m", ".wikipedia"
_HOUR = re.compile(rb"[A-X](\d+)")
_NO_TITLE = re.compile(r"[#<>\[\]{}|\ufffd\x00-\x1f\x7f]")
DAY = "day"
"""The tag of the hash that samples days."""


class ViewsFile(NamedTuple):
    """A file of pageviews: `day` as YYYYMMDD, and `hourly` or `daily`."""

    path: str
    name: str
    day: str
    form: str


class MalformedLine(Exception):
    """A line that does not have the fields of a pageviews file."""


def plan_files(arguments: Iterable[str], days: int | None, seed: int) -> list[ViewsFile]:
    """The pageviews files among files and folders, sorted by name; with `days`, only those of so many sampled days.

    Sampled are the days with the smallest H("day", seed, YYYYMMDD, 0) (`udfs.hashing.pair_hash`). They are the same on
    any machine, and a smaller sample is part of a larger one.

    Raises UsageError for a file without Wikimedia's form of name, two files of the same name, a day that hourly and
    daily files both cover, a folder without pageviews files, and fewer days than `days`.
    """
    files: dict[str, ViewsFile] = {}
    for argument in arguments:
        for path in _paths(argument):
            file = _views_file(path)
            if file.name in files and files[file.name].path != path:
                raise UsageError(f"{path}: has the same name as {files[file.name].path}; give one of them")
            files[file.name] = file
    chosen = sorted(files.values(), key=lambda file: file.name)
    if days is not None:
        all_days = sorted({file.day for file in chosen}, key=lambda day: (pair_hash(DAY, seed, day, 0), day))
        if len(all_days) < days:
            raise UsageError(
                f"--days {days}: the files cover only {len(all_days)} days; ask for fewer or give more files"
            )
        sampled = set(all_days[:days])
        chosen = [file for file in chosen if file.day in sampled]
    forms: dict[str, str] = {}
    for file in chosen:
        if forms.setdefault(file.day, file.form) != file.form:
            raise UsageError(f"{file.name}: {file.day} is covered by hourly and daily files; give one sort")
    return chosen


def _paths(argument: str) -> list[str]:
    if not isdir(argument):
        return [argument]
    paths: list[str] = []
    folders = [argument]
    while folders:
        with scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                elif _NAME.fullmatch(entry.name):
                    paths.append(entry.path)
    if not paths:
        raise UsageError(f"{argument}: the folder has no files named {_FORMS}")
    return paths


def _views_file(path: str) -> ViewsFile:
    match = _NAME.fullmatch(Path(path).name)
    if match is None:
        raise UsageError(f"{path}: not named {_FORMS}")
    return ViewsFile(path, match[0], match[1], HOURLY if match[2] else DAILY)


Line = tuple[str, int] | str
"""A line of a wiki: its (title, views), or why it gives none: `malformed`, `namespace`, `no title` or `few`."""


def read_views(file: ViewsFile, min_hour_views: int = 1, wiki: str = ENGLISH) -> Iterator[Line]:
    """Each line of a wiki in a file. Lines of other projects are skipped.

    Of a language other than English, only the namespaces that all wikis have are known here (`wikis.namespaces`).
    Hours in which a title has fewer than `min_hour_views` views (in one line) do not count.

    Raises `streams.Damage` at a damaged place, after all lines before it.
    """
    endings = ("", _MOBILE) if file.form == HOURLY else (_WIKIPEDIA,)
    projects = tuple(f"{domain}{ending} ".encode() for domain in domains(wiki) for ending in endings)
    views_of = _hourly_views if file.form == HOURLY else _daily_views
    excluded = namespaces(wiki)
    for line in read_lines(file.path):
        if line.startswith(projects):
            yield _read_line(line, views_of, min_hour_views, excluded)


def read_all_views(file: ViewsFile, min_hour_views: int = 1) -> Iterator[tuple[str, Line]]:
    """Each line of any Wikipedia in a file, after the wiki's code; otherwise as `read_views`."""
    views_of = _hourly_views if file.form == HOURLY else _daily_views
    wikis: dict[bytes, str | None] = {}
    for line in read_lines(file.path):
        project = line[: line.find(b" ")]
        if project not in wikis:
            wikis[project] = _wiki_of(project, file.form)
        wiki = wikis[project]
        if wiki is not None:
            yield wiki, _read_line(line, views_of, min_hour_views, namespaces(wiki))


def _wiki_of(project: bytes, form: str) -> str | None:
    """The code of the Wikipedia that a project is, else None."""
    name = project.decode("ascii", "replace")
    if form == DAILY and not name.endswith(_WIKIPEDIA):
        return None
    domain = name.removesuffix(_MOBILE if form == HOURLY else _WIKIPEDIA)
    wiki = wiki_code(domain)
    return wiki if wiki is not None and domain in domains(wiki) else None


def _read_line(
    line: bytes, views_of: Callable[[bytes, int], tuple[bytes, int]], min_hour_views: int, excluded: frozenset[str]
) -> Line:
    try:
        raw, views = views_of(line, min_hour_views)
        title = decode_title(raw)
    except MalformedLine:
        return "malformed"
    if views == 0:
        return "few"
    if not title or title == "-" or _NO_TITLE.search(title):
        return "no title"
    return "namespace" if in_namespace(title, excluded) else (title, views)


def decode_title(raw: bytes) -> str:
    """A title as readers see it: percent-decoded once, underscores as spaces, canonical, without a leading colon.

    Raises MalformedLine for bytes that are not UTF-8.
    """
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise MalformedLine(str(error)) from error
    return canonical(text.replace("_", " ")).removeprefix(":").lstrip()


def in_namespace(title: str, names: frozenset[str] = ENGLISH_NAMESPACES) -> bool:
    """Whether a title names a page outside the articles: `Talk:…`, `Datei:…`. `names` are folded namespaces."""
    prefix, colon, _ = title.partition(":")
    return bool(colon) and folded_namespace(prefix) in names


def _hourly_views(line: bytes, min_hour_views: int) -> tuple[bytes, int]:
    fields = line.split(b" ")
    if len(fields) != 4 or not fields[2].isdigit() or not fields[3].strip().isdigit():
        raise MalformedLine("not domain title views bytes")
    views = int(fields[2])
    return fields[1], views if views >= min_hour_views else 0


def _daily_views(line: bytes, min_hour_views: int) -> tuple[bytes, int]:
    fields = line.rstrip(b"\r\n").split(b" ")
    if len(fields) not in (5, 6) or not fields[-2].isdigit():
        raise MalformedLine("not wiki title [page id] access views hours")
    if min_hour_views <= 1:
        return fields[1], int(fields[-2])
    hours = map(int, _HOUR.findall(fields[-1]))
    return fields[1], sum(views for views in hours if views >= min_hour_views)
