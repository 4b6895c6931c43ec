"""Runs of `curate` on a bucket, and what they leave there."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from runs import BALLAST, Rows, rows_of

from jobs.cli import main
from udfs.storage.s3_client import s3_client

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Crawl:
    """Sample WARCs, and a list of entries that occur in their captions."""

    folder: Path
    metadata: Path

    def flags(self, out: str | Path, *inputs: str) -> list[str]:
        """The arguments of `curate`, on all WARCs or on these inputs."""
        named = inputs or (str(self.folder),)
        return [*named, "--out", str(out), "--metadata", str(self.metadata), "--t", "5", "--seed", "7", "--no-report"]


def without_the_place(rows: Rows) -> Rows:
    """The rows without the columns that depend on where the inputs are."""
    cut: Rows = {}
    for stage, (names, *tuples) in rows.items():
        kept = [place for place, name in enumerate(names) if name not in ("path", "file_id")]
        cut[stage] = [names, *sorted(tuple(row[place] for place in kept) for row in tuples)]
    return cut


def curate(crawl: Crawl, out: str | Path, *further: str) -> None:
    """Run `curate` in this process."""
    assert main(["curate", *crawl.flags(out), *further]) == 0


@dataclass(frozen=True)
class Bucket:
    """A bucket with the output folder of a run; `scratch` is a local folder for copies of it."""

    name: str
    scratch: Path

    @property
    def url(self) -> str:
        return f"s3://{self.name}/out"

    def with_inputs(self, crawl: Crawl) -> list[str]:
        """Copy the WARCs into the bucket; returns their addresses, in both spellings."""
        inputs = []
        for number, file in enumerate(sorted(crawl.folder.iterdir())):
            s3_client().upload_file(str(file), self.name, f"in/{file.name}")
            inputs.append(f"{('s3', 's3a')[number % 2]}://{self.name}/in/{file.name}")
        return inputs

    def keys(self, prefix: str = "") -> list[str]:
        pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def uploads(self) -> list[str]:
        """The keys of uploads that were begun and not completed."""
        answer = s3_client().list_multipart_uploads(Bucket=self.name)
        assert not answer["IsTruncated"]
        return [upload["Key"] for upload in answer.get("Uploads", ())]

    def remains(self) -> list[str]:
        """What a reader must never see, and what costs storage unseen."""
        unwanted = ("_temporary", "__magic", "_SUCCESS")
        return [key for key in self.keys() if any(name in key for name in unwanted)] + self.uploads()

    def rows(self, folder: str = "out") -> Rows:
        """All rows of a run, by stage and sorted."""
        return rows_of(self.copied(folder))

    def copied(self, folder: str) -> Path:
        """A local copy of a folder."""
        for key in self.keys(f"{folder}/"):
            target = self.scratch / "copy" / key
            target.parent.mkdir(parents=True, exist_ok=True)
            s3_client().download_file(self.name, key, str(target))
        return self.scratch / "copy" / folder


def start_driver(crawl: Crawl, out: Bucket, *further: str) -> "subprocess.Popen[str]":
    """Start `curate` as a process of its own, with all that it starts in its session."""
    flags = [*crawl.flags(out.url), "--spark-conf", f"spark.local.dir={out.scratch}", *further]
    return subprocess.Popen(
        [*BALLAST, "curate", *flags],
        cwd=out.scratch,
        env={**os.environ, "TMPDIR": str(out.scratch), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
