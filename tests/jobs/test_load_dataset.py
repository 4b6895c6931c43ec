"""The folder of a run, read by Hugging Face's `datasets` without a network: the same rows as pyarrow reads.

`make test-cluster` installs `datasets` and runs these.
"""

import shutil
from pathlib import Path

import pytest
from build_warcs import build_warc, page, warcinfo
from pools import rows_of, run

pytestmark = pytest.mark.processes
ODD_NAME = 'train my "run" #1, ä%20=x'


@pytest.fixture(scope="module")
def load_dataset(tmp_path_factory):
    """`datasets.load_dataset`, offline, with its caches in a folder of the test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HF_HUB_OFFLINE", "1")
        patched.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        import datasets

        yield datasets.load_dataset


def as_set(rows: list[dict]) -> list[str]:
    return sorted(map(repr, rows))


def same(read, folder: Path) -> bool:
    expected = rows_of(folder)
    assert expected
    return list(read) == ["train"] and as_set(read["train"].to_list()) == as_set(expected)


def test_a_run_is_its_subset_and_its_pool(curated, tmp_path, load_dataset):
    out = tmp_path / ODD_NAME
    shutil.copytree(curated, out)
    for stray in ("pool/_part-0.parquet", "subset/.part-0.parquet", "pool/_temporary/part-0.parquet"):
        (out / stray).parent.mkdir(exist_ok=True)
        (out / stray).write_bytes(b"half a file")
    assert same(load_dataset(str(out)), curated / "subset")
    assert same(load_dataset(str(out), "pool"), curated / "pool")
    with pytest.raises(ValueError, match="subset"):
        load_dataset(str(out), "files")


def test_several_subsets_are_not_added_up(curated, tmp_path, load_dataset):
    out = tmp_path / "b"
    assert run("balance", curated, "--t", "2,5,20", "--out", out) == 0
    assert same(load_dataset(str(out)), out / "subset/t=2")
    for t in (2, 5, 20):
        assert same(load_dataset(str(out), f"t={t}"), out / f"subset/t={t}")


def test_other_outputs(curated, tmp_path, load_dataset):
    for command, stage in (("group", "images"), ("dedup", "pool"), ("export", "export")):
        assert run(command, curated, "--out", tmp_path / command) == 0
        assert same(load_dataset(str(tmp_path / command)), tmp_path / command / stage)
    for form in ("jsonl", "csv"):
        assert run("export", curated, "--format", form, "--out", tmp_path / form) == 0
        read, expected = load_dataset(str(tmp_path / form))["train"], rows_of(curated / "subset")
        texts = ("uuid", "url", "caption", "caption_hash", "page_url", "duplicates", "keep_prob")
        assert as_set(read.select_columns(texts).to_list()) == as_set(
            [{key: row[key] for key in texts} for row in expected]
        )
        assert [len(read), sorted(read.column_names)] == [len(expected), sorted(expected[0])]


def test_counts(curated, crawl, tmp_path, load_dataset):
    assert run("count", curated, "--metadata", crawl.metadata, "--out", tmp_path / "c") == 0
    assert same(load_dataset(str(tmp_path / "c")), tmp_path / "c/entry_counts")


def test_an_empty_subset_is_no_other_data(crawl, tmp_path, load_dataset):
    """`datasets` refuses a table without rows, unless it streams it."""
    (tmp_path / "x.warc.gz").write_bytes(build_warc([warcinfo(), page("<p>nothing here</p>")]))
    out = tmp_path / "empty"
    assert run("curate", tmp_path / "x.warc.gz", "--out", out, "--metadata", crawl.metadata, "--no-report") == 0
    with pytest.raises(ValueError, match="no data"):
        load_dataset(str(out))
    assert list(load_dataset(str(out), streaming=True)["train"]) == []


def test_the_front_matter_is_a_dataset_cards(curated):
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(curated / "README.md", ignore_metadata_errors=False)
    data = card.data
    assert (data.license, data.language, data.size_categories) == ("other", ["en"], ["n<1K"])
    assert "image-to-text" in data.task_categories and card.text.strip().startswith("# Data card")
    assert [config["config_name"] for config in data.to_dict()["configs"]] == ["subset", "pool"]
