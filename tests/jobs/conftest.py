"""A sample crawl, and the pairs that the plain-Python pipeline finds in it."""

import json
from dataclasses import dataclass
from pathlib import Path

import many_languages
import pytest
import reference
from wheels import build_in

from jobs.cli import main
from jobs.sample import write_sample
from udfs.sample.archive import write_warc
from udfs.sample.words import CONCEPTS

SAMPLES = {"one.warc.gz": (40, 1), "two.warc.gz": (40, 2)}
"""Sample WARCs by name: pages and seed. A page of seed 1 and one of seed 2 may show the same image."""


@dataclass(frozen=True)
class Crawl:
    folder: Path
    metadata: Path
    entries: list[str]

    def pairs(self, languages: frozenset[str] | None = frozenset({"en"})) -> list[reference.Pair]:
        """The matched pairs of both samples by the reference."""
        pairs = []
        for name, (pages, seed) in SAMPLES.items():
            scratch = self.folder.parent / "again.warc.gz"
            records = write_warc(scratch, pages, seed)
            offsets = {r.page_index: r.offset for r in records if r.kind == "response" and r.page_index is not None}
            pairs += reference.matched_pairs(pages, seed, offsets, name, self.entries, languages)
        return pairs


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """Two sample WARCs in a folder, and a list of entries that their captions hold."""
    root = tmp_path_factory.mktemp("crawl")
    folder = root / "warc"
    folder.mkdir()
    for name, (pages, seed) in SAMPLES.items():
        write_sample(folder / name, pages, seed, wat=False)
    entries = [*dict.fromkeys([*CONCEPTS, "a", "the", "of", "in the", ".", "photo of", "é"])]
    metadata = root / "entries.json"
    metadata.write_text(json.dumps(entries), encoding="utf-8")
    return Crawl(folder, metadata, entries)


@pytest.fixture(scope="session")
def expected_pairs(crawl: Crawl) -> list[reference.Pair]:
    return crawl.pairs()


@pytest.fixture(scope="session")
def curated(spark, crawl, tmp_path_factory) -> Path:
    """The crawl curated with t = 5 and seed 7, for tests that only read it."""
    out = tmp_path_factory.mktemp("curated") / "out"
    flags = ["--metadata", str(crawl.metadata), "--t", "5", "--seed", "7"]
    assert main(["curate", str(crawl.folder), "--out", str(out), *flags]) == 0
    return out


@pytest.fixture(scope="session")
def worldwide(spark, tmp_path_factory) -> many_languages.Curated:
    """Pages in eight languages, curated with lists for six of them, for tests that only read it."""
    import ballast_curation

    root = tmp_path_factory.mktemp("worldwide")
    web = many_languages.write_web(root / "web")
    lists = web.lists_folder(root / "lists", many_languages.LISTED)
    entries = {code: web.lists[code] for code in many_languages.LISTED}
    pool = reference.pool(web.pairs(entries), dedup="url-caption", seed=many_languages.SEED)
    ballast_curation.curate(web.folder, out=root / "run", metadata=lists, languages="all", **many_languages.DRAW)
    return many_languages.Curated(web, lists, root / "run", entries, tuple(pool))


@pytest.fixture(scope="session")
def extracted(worldwide) -> Path:
    """The pages of `worldwide` as pairs in all languages, before matching."""
    out = worldwide.out.with_name("extracted")
    assert main(["extract", str(worldwide.web.folder), "--out", str(out), "--languages", "all"]) == 0
    return out


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ballast's wheel; its copy, the code zip, lies beside it."""
    return build_in(tmp_path_factory.mktemp("dist"))
