"""A folder of lists of entries, one for each language, and its languages.toml."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from metadata.entries import EntryList, listed_entries, parse_entries
from metadata.lists import OTHER, EntryLists, lists_by_language
from udfs.errors import UsageError, did_you_mean, shortened
from udfs.list_files import list_text
from udfs.matching.boundaries import Boundaries

CONFIG = "languages.toml"
"""The file that may map labels to lists, and set the boundaries of lists."""
ALIASES = {
    "cbk": ("cbk_zam",),
    "gsw": ("als",),
    "lzh": ("zh_classical",),
    "nan": ("zh_min_nan",),
    "nb": ("no",),
    "rup": ("roa_rup",),
    "sgs": ("bat_smg",),
    "vro": ("fiu_vro",),
    "yue": ("zh_yue", "zh"),
}
"""The lists of languages for which Wikipedia has another code, the first that there is. A list of the language's own
code comes before them."""

_CODE = re.compile(rf"[a-z]{{2,3}}([_-][a-z_]+)?|simple|{OTHER}")
_LIST = re.compile(r"(.+)\.(json|txt)(\.gz)?", re.IGNORECASE)
_OTHER_FORM = re.compile(r".+\.(jsonl|ndjson|csv|tsv)(\.gz)?", re.IGNORECASE)
_MANIFEST = ".manifest.json"
_TABLES = ("map", "boundaries")

Read = Callable[[str], bytes | None]
"""Takes the name of a file in the folder; returns its bytes, or None if it is missing."""


class _Config(NamedTuple):
    """What languages.toml says; both tables are empty without one."""

    map: Mapping[str, str]
    boundaries: Mapping[str, Boundaries]


def read_list_folder(folder: str, names: Iterable[str], read: Read, boundaries: Boundaries | None = None) -> EntryLists:
    """Read the lists of a folder: each is a file `CODE.json` or `CODE.txt`, plain or gzip, where CODE is a language,
    such as `de`, `zh` or `zh_yue`, or `other`.

    folder: how messages call the folder.
    names: the files below the folder, as paths relative to it. Only those at its top are lists. Manifests, hidden files
        and files that are neither text nor JSON are passed over.
    boundaries: those of every list; None for each list's own.

    A list file means what it does when it is named alone (`metadata.entries.parse_entries`); JSON may also be an object
    whose keys are the entries and whose values name their sources. Lists are read one at a time, and none is kept.

    Raises `UsageError` for a folder without lists, a file that looks like a list but has no language's name, two files
    of one language, a list that cannot be used, and an invalid languages.toml.
    """
    files = list_files_by_code(folder, names)
    if not files:
        raise UsageError(
            f"{folder}: has no lists of entries: a folder of lists has CODE.json or CODE.txt, such as de.json"
        )
    config = _parse_config(read(CONFIG), f"{folder}/{CONFIG}", tuple(files))
    lists = {
        code: (boundaries or config.boundaries.get(code), partial(_load, folder, name, read))
        for code, name in files.items()
    }
    return lists_by_language(folder, lists, {**default_labels(files), **config.map})


def list_files_by_code(folder: str, names: Iterable[str]) -> dict[str, str]:
    """The files of lists by their code, ascending. Raises `UsageError` as `read_list_folder` does for their names."""
    files: dict[str, str] = {}
    for name in sorted(names):
        if "/" in name or name.startswith(".") or name.endswith(_MANIFEST):
            continue
        if name.lower().endswith(".toml") and name != CONFIG:
            raise UsageError(f"{folder}/{name}: is not read: name it {CONFIG}, or move it out of the folder")
        if _OTHER_FORM.fullmatch(name):
            raise UsageError(f"{folder}/{name}: a list in a folder is CODE.json or CODE.txt, such as de.json")
        if match := _LIST.fullmatch(name):
            code = match[1]
            earlier = next((file for at, file in files.items() if _same_language(at, code)), None)
            if earlier is not None:
                raise UsageError(f"{folder}: {earlier} and {name} are lists of one language: keep one")
            files[code] = name
    for code, name in files.items():
        if not _CODE.fullmatch(code) or name != name.lower():
            raise UsageError(
                f"{folder}/{name}: is not named for a language: a list in a folder is CODE.json or CODE.txt, such as "
                f"de.json, zh_yue.json or {OTHER}.json, in lower case"
            )
    return dict(sorted(files.items()))


def default_labels(codes: Iterable[str]) -> dict[str, str]:
    """The labels that lead to these lists without a map: each list's own code, and those of `ALIASES`."""
    own = {code: code for code in codes if code != OTHER}
    by_name = {code.replace("-", "_"): code for code in own}
    named = {label: [by_name[name] for name in names if name in by_name] for label, names in ALIASES.items()}
    return {**{label: there[0] for label, there in named.items() if there}, **own}


def _same_language(a: str, b: str) -> bool:
    return a.lower().replace("-", "_") == b.lower().replace("-", "_")


def _load(folder: str, name: str, read: Read) -> EntryList:
    """The list of one file."""
    source = f"{folder}/{name}"
    data = read(name)
    if data is None:
        raise UsageError(f"{source}: no such file")
    if name.endswith((".json", ".json.gz")):
        text = list_text(data, source)
        if text.lstrip().startswith("{"):
            return listed_entries(_tagged_entries(text, source), source)
    return parse_entries(data, source)


def _tagged_entries(text: str, source: str) -> list[str]:
    """The keys of a JSON object {entry: source}, in order."""
    try:
        # pairs, since a dict would drop all but the last of equal entries
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source}: is not valid JSON: {error}") from error
    for entry, tag in pairs:
        if not isinstance(tag, str):
            raise UsageError(
                f"{source}: {shortened(entry)} has a value that is not text: a JSON object must be "
                "{entry: source}; counts are not a list"
            )
    return [entry for entry, _ in pairs]


def _parse_config(data: bytes | None, source: str, codes: tuple[str, ...]) -> _Config:
    """What languages.toml says; `source` names the file. Raises `UsageError` for what it may not hold."""
    if data is None:
        return _Config({}, {})
    try:
        tables: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{source}: not TOML: {error}") from error
    for name, table in tables.items():
        if name not in _TABLES:
            raise UsageError(f"{source}: unknown '{name}': it has the tables [map] and [boundaries]")
        if not isinstance(table, dict):
            raise UsageError(f"{source}: {name} must be a table, [{name}]")
    for label, code in tables.get("map", {}).items():
        _check_code(f"{source}: [map] {label}", code, codes)
    chosen = {}
    for code, name in tables.get("boundaries", {}).items():
        _check_code(f"{source}: [boundaries]", code, codes)
        if not isinstance(name, str) or name not in tuple(Boundaries):
            choices = ", ".join(Boundaries)
            meant = did_you_mean(name, Boundaries) if isinstance(name, str) else ""
            raise UsageError(f"{source}: [boundaries] {code}: {name!r} is not one of {choices}{meant}")
        chosen[code] = Boundaries(name)
    return _Config(tables.get("map", {}), chosen)


def _check_code(where: str, code: object, codes: tuple[str, ...]) -> None:
    """Raise `UsageError` for a list that the folder does not have."""
    if not isinstance(code, str):
        raise UsageError(f"{where}: must name a list in quotation marks, not {code!r}")
    if code not in codes:
        raise UsageError(f"{where}: the folder has no list '{code}'{did_you_mean(code, codes)}")
