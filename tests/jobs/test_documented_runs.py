"""The commands of each page of the documentation, run in order, in a folder that has what they name.

The output shown below a command must be what it prints, except for times. `make test-cluster` runs this.
"""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from documented import ALL, ROOT, Command, blocks
from metadata_dumps import MiniPage, write_multistream
from metadata_wikis import write_dump
from shapes import TINYCLIP, draw, random_shape

from jobs.sample import write_sample
from udfs.sample.words import CONCEPTS

NOT_RUN = {
    "make setup": "asks the package index for the libraries, as `make test` did",
    "make test": "these tests",
    "pip install": "asks the package index for the libraries; tests/jobs/test_dist.py",
    "make dist": "asks the package index for the libraries; tests/jobs/test_dist.py",
    "make bench": "takes minutes, and asks the package index for the peers",
    "ballast curate --crawl": "reads CommonCrawl; tests/jobs/test_remote_runs.py has a server of its own",
    "ballast curate s3://": "reads S3; tests/jobs/test_remote_runs.py has a server of its own",
    "ballast metadata fetch": "asks GitHub for the list; tests/jobs/test_fetch.py has a server of its own",
    "ballast curate FILE.warc.gz --metadata metaclip": "needs that list",
    "python tests/benchmarks/": "needs samples that others made; tests/benchmarks tests the scripts",
    "spark-submit": "needs a cluster; tests/cluster has one of its own",
    "docker": "needs Docker; tests/docker/test_image.py",
}
"""Commands that are not run, by their beginnings, and why; `tests/test_documentation.py` parses them."""

STOOD_IN_FOR = {
    "make demo": "`ballast demo`, which it runs when it has set up",
    "img2dataset": "fetches from the web: fetches from a server on loopback, and writes the same shards",
}
"""Commands for which `run_documented.py` does something else, and what."""

MASKS = [
    (r"^\d{4}-\d\d-\d\dT\S+ (INFO|WARN) ", ""),  # where standard error is not a terminal
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME"),
    (r"(?<=seconds=)[\d.]+|\b[\d.]+(?= s\b)", "N"),
    (r"Java \d+, from \S+", "JAVA"),
]


def beginning_of(command: Command) -> str | None:
    """The beginning in NOT_RUN that a command has."""
    line = " ".join(command.words)
    return next((start for start in NOT_RUN if line.startswith(start)), None)


def test_every_command_is_run_or_listed_as_not_run():
    assert {beginning_of(command) for command in ALL} - {None} == set(NOT_RUN)
    programs = {command.words[0] for command in ALL if not beginning_of(command)}
    assert programs == {"ballast", "python", "make", "img2dataset"}
    assert all(any(command.line.startswith(start) for command in ALL) for start in STOOD_IN_FOR)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout's conf/, a small crawl and dumps, by the names that the pages use."""
    folder = tmp_path / "here"
    stored = folder / "commoncrawl/crawl-data/CC-MAIN-2024-22/segments/1/warc"
    for name in (stored, *(folder / name for name in ("crawl", "new-crawl", "WordNet-3.0/dict", "pageviews", "dist"))):
        name.mkdir(parents=True)
    (folder / "conf").symlink_to(ROOT / "conf")
    warcs = ("CC-MAIN-20240517233122-20240518023122-00000.warc.gz", "pages.warc.gz", "crawl/1.warc.gz")
    for seed, name in enumerate([*warcs, "crawl/2.warc.gz", "new-crawl/3.warc.gz", str(stored / "4.warc.gz")]):
        write_sample(folder / name, 30, seed, wat=False)
    listed = str((stored / "4.warc.gz").relative_to(folder / "commoncrawl"))
    (folder / "warc.paths.gz").write_bytes(gzip.compress(f"{listed}\n".encode()))
    entries = [*dict.fromkeys([*CONCEPTS, "a", "the", "of", "photo of", "D.C."])]
    (folder / "metadata.json").write_text(json.dumps(entries))
    for part in ("noun", "verb", "adj", "adv"):
        (folder / "WordNet-3.0/dict" / f"data.{part}").write_text(f"00001740 03 n 01 {part} 0 000 | a gloss  \n")
    for wiki in (folder, folder / "dumps/dewiki"):
        write_dump(wiki, "de", ["Der Hund und die Katze. " * 20])
    write_dump(folder / "dumps", "ja", ["新しいカメラです。" * 20])
    shutil.copytree(TINYCLIP, folder / "model")
    (folder / "labels.txt").write_text("red circle\nblue square\n")
    (folder / "pictures").mkdir()
    draw(Random(1), random_shape(Random(1))).save(folder / "pictures/one.png")
    (folder / "wn-data-deu.tab").write_text("1-n\tdeu:lemma\tHund\n")
    write_multistream(folder, [MiniPage("Train", "The train. " * 120), MiniPage("Dog", "A hot dog. " * 120)], 1)
    for day in range(1, 27):
        views = gzip.compress(b"de Hund 90 0\nen Dog 90 0\n")
        (folder / f"pageviews/pageviews-202401{day:02d}-000000.gz").write_bytes(views)
    environment = "ballast-env-0.1.0-with-python3.11-x86_64-glibc2.28.tar.gz"
    for name in ("ballast_curation-0.1.0-py3-none-any.whl", "ballast-0.1.0.zip", environment, "ballast_submit.py"):
        (folder / "dist" / name).touch()
    return folder


def masked(line: str) -> str:
    for pattern, shown in MASKS:
        line = re.sub(pattern, shown, line)
    return line.rstrip()


def check_shown(command: Command, printed: str) -> None:
    """Check that what is shown was printed; a line of … stands for any number of lines."""
    lines = [re.escape(masked(line)) + r"\n" if line != "…" else r"(?:.*\n)*?" for line in command.shown]
    text = "\n".join(map(masked, printed.strip().splitlines())) + "\n"
    assert re.fullmatch("".join(lines).rstrip(), text), f"{command}\n{printed}"


@pytest.mark.processes
@pytest.mark.parametrize("page", sorted({command.page for command in ALL if not beginning_of(command)}))
def test_a_page_can_be_followed(page: str, folder: Path, tmp_path: Path):
    wanted = [command for command in ALL if command.page == page and not beginning_of(command)]
    after = [
        ["python", "-c", f"url, caption = 'http://a/b.jpg', 'a dog'\n{code}"] for code in blocks(ROOT / page, "python")
    ]
    hugging_face = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    script = [sys.executable, ROOT / "tests/jobs/run_documented.py", f"spark.local.dir={tmp_path}"]
    done = subprocess.run(
        script,
        input=json.dumps([*(command.words for command in wanted), *after]),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **hugging_face},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(wanted) + len(after)
    for command, result in zip(wanted, results, strict=False):
        assert result["status"] == 0, f"{command}\n{result['printed']}"
        if command.shown:
            check_shown(command, result["printed"])
