"""A whole run on S3 by S3A, and every command that reads what it wrote: the same as on local folders."""

import json
from pathlib import Path

import pytest
from buckets import Bucket, Crawl, without_the_place
from pools import rows_of
from runs import Rows

from jobs.cli import main
from udfs.storage.s3_client import s3_client


def test_a_run_on_s3_and_all_that_read_it(
    spark, crawl: Crawl, local: Path, expected: Rows, out: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = out.with_inputs(crawl)
    s3_client().upload_file(str(crawl.metadata), out.name, "entries.json")
    metadata = f"s3a://{out.name}/entries.json"
    assert main(["curate", *crawl.flags(out.url, *inputs), "--metadata", metadata]) == 0
    assert without_the_place(out.rows()) == without_the_place(expected)
    assert out.remains() == []

    def said(*command: str) -> list[object]:
        """The results of a command on S3 and on the local run, with the same names for their places."""
        results = []
        for root, run in ((f"s3://{out.name}", out.url), (str(tmp_path), str(local))):
            capsys.readouterr()
            assert main([word.format(root=root, run=run) for word in (*command, "--json")]) == 0
            text = capsys.readouterr().out.replace(run, "RUN").replace(root, "ROOT")
            results.append(without_seconds(json.loads(text)["result"]))
        return results

    url = rows_of(local / "subset")[0]["url"]
    for command in (["plan"], ["trace", url], ["report"]):
        on_s3, on_disk = said(*command, "{run}")
        assert on_s3 == on_disk, command
    written = {
        "exported": ["export", "{run}"],
        "images": ["group", "{run}"],
        "counts": ["count", "{run}", "--metadata", str(crawl.metadata)],
        "merged": ["merge", "{run}", "{run}"],
        "balanced": ["balance", "{run}", "--t", "3", "--survivors", "{root}/images/images"],
    }
    for name, command in written.items():
        said(*command, "--out", f"{{root}}/{name}")
        copy = out.copied(name)
        stages = [path.name for path in (tmp_path / name).iterdir() if path.is_dir() and not path.name.startswith("_")]
        assert stages, name
        for stage in stages:
            assert sorted_rows(copy / stage) == sorted_rows(tmp_path / name / stage), f"{name}/{stage}"
    assert out.remains() == []


def sorted_rows(folder: Path) -> list[str]:
    return sorted(map(str, rows_of(folder)))


def without_seconds(value: object) -> object:
    """A document without the seconds that things took."""
    if isinstance(value, dict):
        return {key: without_seconds(item) for key, item in value.items() if "seconds" not in key}
    return [without_seconds(item) for item in value] if isinstance(value, list) else value
