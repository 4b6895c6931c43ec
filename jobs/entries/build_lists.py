"""Build all: a list per dump in a folder. What was built before is kept, and a list that fails does not stop others.

Page views are counted once for all wikis (`metadata titles --language all`): one pass over the files, however many
lists. Namespaces are not needed for that; each list leaves out the titles of its own wiki's.
"""

import hashlib
import json
from dataclasses import asdict, replace
from os.path import join
from pathlib import Path
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.console.commands.lists import TITLES
from jobs.entries.build_list import merge_list
from jobs.entries.dump_folders import WikiDumps, find_dumps, find_wordnets
from jobs.entries.entry_list import SUFFIX, manifest_path
from jobs.entries.partial_counts import files_identity
from jobs.entries.ranking import ranked_sources
from jobs.entries.sources import open_source_folder
from jobs.entries.wordnet import wordnet_paths
from jobs.runs.run_record_file import read_record
from jobs.settings.building import METACLIP2
from jobs.settings.settings import Settings
from jobs.spark.progress import say, warn
from jobs.spark.session import spark_session
from jobs.spark.spark_errors import one_line, plain_error
from metadata.merge import RankedSource
from metadata.segmenters import cutter, segmenter_of, segmenter_version
from metadata.wikis import ALL, ENGLISH
from udfs.distribution import ballast_version
from udfs.errors import BallastError, UsageError
from udfs.run_json import record_fields
from udfs.storage.local import LocalStorage

MADE_OF = "made_of"
"""The key of a manifest with the hash of all that decides the list: settings and inputs."""


class Lists(NamedTuple):
    """What became of the lists, by their codes: how many entries the new ones have, which were there, what failed."""

    built: dict[str, int]
    kept: list[str]
    failed: dict[str, str]


def build_lists(dumps_folder: str, settings: Settings) -> Lists:
    """Build a list per dump into the output folder; see the module.

    Raises `UsageError` for a folder without dumps, and for page views and wordnets that cannot be read.
    """
    settings = replace(settings, build=settings.build.with_recipe(METACLIP2))
    out, build = settings.output.out, settings.build
    dumps = find_dumps(dumps_folder)
    if dumps.others:
        say(f"{len(dumps.others):,} files are no dumps of a Wikipedia's articles, such as {dumps.others[0]}")
    wordnets = find_wordnets(build.wordnet) if build.wordnet else {}
    for wiki in (one.wiki for wikis in dumps.lists.values() for one in wikis):
        if segmenter := segmenter_of(wiki, None):
            cutter(segmenter)  # a missing package is an error now, not after hours
    sources = build.sources or f"{out.rstrip('/')}.sources"
    Path(out).mkdir(parents=True, exist_ok=True)
    lists = Lists({}, [], {})
    with spark_session(settings.execution, "metadata build-all") as spark:
        titles = _count_titles(spark, settings, join(sources, "titles")) if build.pageviews else None
        for place, (code, wikis) in enumerate(dumps.lists.items(), 1):
            where = f"{code} ({place:,} of {len(dumps.lists):,})"
            one = _Wanted(code, wikis, join(out, code + SUFFIX), join(sources, code), wordnets.get(code), titles)
            try:
                made_of = _made_of(one, settings)
                if not settings.output.overwrite and _is_built(one.path, made_of):
                    lists.kept.append(code)
                    continue
                say(f"{where}: building")
                lists.built[code] = _build(spark, one, settings, made_of)
                say(f"{where}: {lists.built[code]:,} entries: {one.path}")
            except (BallastError, OSError, PySparkException, Py4JJavaError) as error:
                lists.failed[code] = str(plain_error(error) or one_line(error))
                warn(f"{where}: not built: {lists.failed[code]}")
    return lists


class _Wanted(NamedTuple):
    code: str
    wikis: list[WikiDumps]
    path: str
    sources: str
    wordnet: str | None
    titles: str | None
    """The folder of counts of the titles of all wikis."""


def _count_titles(spark: SparkSession, settings: Settings, folder: str) -> str:
    """Count the titles of all wikis, or take the counts that `--pageviews` names. Raises `UsageError` for those of one
    wiki."""
    of_all = replace(settings, wiki=replace(settings.wiki, language=ALL))
    inputs = settings.build.pageviews
    titles = open_source_folder(spark, (TITLES,), inputs, folder, of_all, replaces_others=True)
    wiki = titles.record.setting("language", ENGLISH)
    if wiki != ALL:
        raise UsageError(
            f"--pageviews {inputs[0]}: has the titles of {wiki} alone: count those of all wikis "
            f"(`ballast {TITLES.name} FILE … --language {ALL} --out NEW`), or name the pageviews files"
        )
    return titles.storage.root


def _build(spark: SparkSession, one: _Wanted, settings: Settings, made_of: str) -> int:
    """Build one list; returns how many entries it has. Raises `UsageError` for damaged dumps."""
    ranked: list[RankedSource] = []
    for dumps in one.wikis:
        is_first = dumps is one.wikis[0]
        of_wiki = _settings_of(one, dumps, settings)
        folder = one.sources if is_first else f"{one.sources}/{dumps.wiki}"
        prefix = "" if is_first else f"{dumps.wiki} "
        ranked += ranked_sources(spark, of_wiki, folder, prefix=prefix, replaces_others=True)
    for source in ranked:
        if source.name.endswith("unigrams") and (damage := source.about.get("damage")):
            lines = [f"{name}: {', '.join(what)}" for name, what in damage.items()]
            raise UsageError(f"{'; '.join(lines)}; fetch it again")
    entries, _ = merge_list(one.path, ranked, _settings_of(one, one.wikis[0], settings), {MADE_OF: made_of})
    return entries.size


def _settings_of(one: _Wanted, dumps: WikiDumps, settings: Settings) -> Settings:
    """The settings of a build of one wiki; the wordnet is the first one's."""
    build = replace(
        settings.build,
        wikipedia=tuple(dumps.paths),
        pageviews=() if one.titles is None else (one.titles,),
        wordnet=one.wordnet if dumps is one.wikis[0] else None,
    )
    return replace(settings, wiki=replace(settings.wiki, language=dumps.wiki), build=build)


def _made_of(one: _Wanted, settings: Settings) -> str:
    """The hash of all that decides a list. Raises `UsageError` for dumps that hold the same pages."""
    paths = ("wordnet", "wikipedia", "pageviews", "sources")
    build = {name: value for name, value in asdict(settings.build).items() if name not in paths}
    inputs: dict[str, Any] = {}
    for dumps in one.wikis:
        dumps.check()
        segmenter = segmenter_of(dumps.wiki, None)
        version = None if segmenter is None else segmenter_version(segmenter)
        inputs[dumps.wiki] = {**files_identity(dumps.paths), "segmenter": version}
    if one.wordnet is not None:
        inputs["wordnet"] = files_identity(wordnet_paths(one.wordnet))
    if one.titles is not None:
        record = read_record(LocalStorage(one.titles))
        fields = record_fields(record) if record is not None else {}
        inputs["titles"] = {name: fields.get(name) for name in ("settings", "inputs")}
    ngrams = {**asdict(settings.ngrams), "split_bytes": None}
    decides = {"ballast": ballast_version(), "build": build, "ngrams": ngrams, "inputs": inputs}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _is_built(path: str, made_of: str) -> bool:
    """Whether a list need not be built: it is of the same settings and inputs, or of another command, which is said.
    The manifest is written last, so a list with one is whole."""
    if not Path(path).is_file():
        return False
    manifest = manifest_path(path)
    try:
        before = json.loads(manifest.read_text(encoding="utf-8")).get(MADE_OF) if manifest.is_file() else None
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{manifest}: is no manifest of a list: {error}") from error
    if before is None:
        say(f"{path}: was not built by this command: stays as it is (--overwrite replaces it)")
    return before in (None, made_of)
