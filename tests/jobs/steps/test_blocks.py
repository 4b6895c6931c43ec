"""Opt-outs and block lists in jobs: in a run, on an existing pool, and lists that cannot be read."""

import gzip
from urllib.parse import urlsplit

import pytest
from pools import counts_of, document_of, draw_of, keep_prob_of, record_of, rows_of, run, sorted_rows

from jobs.settings.groups import Blocking, Captions, Parsing, Reading
from jobs.steps.blocks import load_blocks
from jobs.steps.extraction_plan import extract_options
from udfs.hashing import image_uuid
from udfs.opt_outs import OptOut
from udfs.storage.s3_client import s3_client

SEED = 7


@pytest.fixture(scope="module")
def listed(curated) -> tuple[str, str, str]:
    """The site of a pair's page, the site of another pair's image, and the URL of a third pair's image."""
    rows = sorted_rows(rows_of(curated / "pool"))
    return urlsplit(rows[0]["page_url"]).netloc, urlsplit(rows[-1]["url"]).netloc, rows[len(rows) // 2]["url"]


@pytest.fixture(scope="module")
def flags(listed, tmp_path_factory) -> list[object]:
    root = tmp_path_factory.mktemp("lists")
    ut1 = root / "adult"
    ut1.mkdir()
    (ut1 / "domains").write_text(f"{listed[0]}\n")
    (root / "hosts.gz").write_bytes(gzip.compress(f"0.0.0.0 {listed[1]}\n".encode()))
    (root / "images.txt").write_text(f"{image_uuid(listed[2])}\n")
    lists = ("--block-domains", ut1, "--block-domains", root / "hosts.gz", "--block-urls", root / "images.txt")
    return list(lists)


def is_blocked(row: dict, listed: tuple[str, str, str]) -> bool:
    hosts = {urlsplit(row["url"]).netloc, urlsplit(row["page_url"]).netloc}
    return row["url"] == listed[2] or any(
        host == site or host.endswith(f".{site}") for host in hosts for site in listed[:2]
    )


def test_balance_leaves_blocked_pairs_of_a_pool_out(curated, listed, flags, crawl, tmp_path, capsys):
    counts = [row["count"] for row in sorted(rows_of(curated / "entry_counts"), key=lambda row: row["entry_id"])]
    pool = rows_of(curated / "pool")
    left = [row for row in pool if not is_blocked(row, listed)]
    expected = [{**row, "keep_prob": keep_prob_of(row["entry_ids"], counts, 5)} for row in left]
    expected = [row for row in expected if draw_of(row, SEED) < row["keep_prob"]]
    assert run("balance", curated, "--out", tmp_path / "b", "--t", 5, "--seed", SEED, *flags) == 0
    assert sorted_rows(rows_of(tmp_path / "b/subset")) == sorted_rows(expected)
    blocked = len(pool) - len(left)
    assert 0 < blocked < len(pool)
    assert f"without its {blocked:,} blocked pairs" in capsys.readouterr().out
    record = record_of(tmp_path / "b")
    assert (record["stages"]["subset"]["blocked"], record["stages"]["subset"]["pool_pairs"]) == (blocked, len(left))
    assert record["blocks"] == {"domains": 2, "paths": 0, "images": 1, "sha256": record["blocks"]["sha256"]}
    assert not any(listed[0] in str(value) for value in record.values())
    planned = document_of(capsys, "plan", curated, "--t", 5, "--seed", SEED, *flags)["result"]
    assert (planned["pool_pairs"], planned["thresholds"][0]["pairs"]) == (len(left), len(expected))
    # another list is another run
    assert run("balance", curated, "--out", tmp_path / "b", "--t", 5, "--seed", SEED, *flags[:2]) == 2
    assert "holds another run (blocks.domains: 2 there, 1 now" in capsys.readouterr().err


def test_dedup_and_merge_leave_blocked_pairs_out(curated, listed, flags, tmp_path, capsys):
    assert run("dedup", curated / "extracted", "--out", tmp_path / "d", *flags) == 0
    kept = {(row["uuid"], row["caption_hash"]) for row in rows_of(tmp_path / "d/pool")}
    assert {
        (row["uuid"], row["caption_hash"]) for row in rows_of(curated / "pool") if not is_blocked(row, listed)
    } <= kept
    assert not any(is_blocked(row, listed) for row in rows_of(tmp_path / "d/pool"))
    copies = sum(row["duplicates"] for row in rows_of(curated / "pool"))
    facts = record_of(tmp_path / "d")["stages"]["pool"]
    assert facts["blocked"] == copies - sum(row["duplicates"] for row in rows_of(tmp_path / "d/pool"))
    assert f"{facts['blocked']:,} copies blocked" in capsys.readouterr().out
    assert run("merge", curated, "--out", tmp_path / "m", *flags) == 0
    left = [row for row in rows_of(curated / "pool") if not is_blocked(row, listed)]
    assert sorted_rows(rows_of(tmp_path / "m/pool")) == sorted_rows(left)


def test_survivors_are_counted_without_blocked_pairs(curated, listed, flags, crawl, tmp_path):
    pool = rows_of(curated / "pool")
    survivors = tmp_path / "left.txt"
    survivors.write_text("".join(f"{row['url']}\n" for row in pool[::2]))
    lists = ("--survivors", survivors, "--t", 5, "--seed", SEED, *flags)
    assert run("balance", curated, "--out", tmp_path / "b", *lists) == 0
    unblocked = [row for row in pool if not is_blocked(row, listed)]
    left = [row for row in unblocked if row["url"] in {row["url"] for row in pool[::2]}]
    assert [row["count"] for row in rows_of(tmp_path / "b/entry_counts")] == counts_of(left, len(crawl.entries))
    facts = record_of(tmp_path / "b")["stages"]["subset"]
    assert (facts["blocked"], facts["pairs_before_download"]) == (len(pool) - len(unblocked), len(unblocked))


def test_extraction_leaves_blocked_pairs_out_and_counts_them(curated, crawl, listed, flags, tmp_path, capsys):
    assert run("extract", crawl.folder / "one.warc.gz", "--out", tmp_path / "e", *flags) == 0
    out = capsys.readouterr().out
    facts = record_of(tmp_path / "e")["stages"]["files"]
    assert facts["page_blocked"] > 0 and facts["image_blocked"] > 0 and facts["text_blocked"] > 0
    assert f"records, {facts['page_blocked']:,} blocked" in out
    assert f"with a URL and a text, {facts['image_blocked']:,} blocked" in out
    paths = [path for path in (tmp_path / "e/extracted").rglob("*.parquet") if "kind=pair" in path.parts]
    assert not any(is_blocked(row, listed) for path in paths for row in rows_of(path))
    assert run("inspect", crawl.folder / "one.warc.gz", "--limit", 1000, *flags) == 0
    printed = capsys.readouterr().out
    assert printed.count("page_blocked") > 0 and printed.count("image_blocked") == facts["image_blocked"]


def test_opt_outs_reach_the_extraction():
    assert extract_options(Captions(), Parsing(), Reading()).opt_outs == {"noai", "noimageai", "tdm"}
    assert extract_options(Captions(), Parsing(opt_outs=(OptOut.NOINDEX,)), Reading()).opt_outs == {"noindex"}
    assert extract_options(Captions(), Parsing(opt_outs=()), Reading()).opt_outs == frozenset()


def test_lists_are_read_from_s3(bucket):
    for name in ("adult/domains", "adult/urls", "images.txt"):
        s3_client().put_object(
            Bucket=bucket, Key=name, Body=b"" if name == "adult/urls" else b"https://a.example/1.jpg"
        )
    s3_client().put_object(Bucket=bucket, Key="adult/domains", Body=b"bad.example\nno line\n")
    blocks = load_blocks(Blocking(block_domains=(f"s3://{bucket}/adult",), block_urls=(f"s3://{bucket}/images.txt",)))
    assert blocks is not None
    assert (len(blocks.domains), len(blocks.images)) == (1, 1)


@pytest.mark.parametrize(
    ("flag", "text", "message"),
    [
        ("--block-domains", None, "--block-domains {path}: no such file or folder"),
        (
            "--block-domains",
            "example.com\nnot a domain\n",
            "--block-domains {path}: line 2 is not a domain: 'not a domain'",
        ),
        ("--block-urls", None, "--block-urls {path}: no such file"),
        ("--block-urls", "a.jpg", "--block-urls {path}: line 1 is neither an http(s) URL nor a uuid: 'a.jpg'"),
        ("--block-domains", "", "WARN ballast: --block-domains {path}: holds no entry: it blocks nothing"),
    ],
)
def test_an_unusable_list_is_a_one_line_message(flag, text, message, crawl, tmp_path, capsys):
    path = tmp_path / "list.txt"
    if text is not None:
        path.write_text(text)
    status = run("inspect", crawl.folder / "one.warc.gz", "--limit", 1, flag, path)
    assert status == (0 if "WARN" in message else 2)
    error = capsys.readouterr().err
    assert message.replace("{path}", str(path)) in error
    assert error.count("\n") == 1


def test_a_folder_that_is_not_a_category_is_refused(crawl, tmp_path, capsys):
    assert run("inspect", crawl.folder / "one.warc.gz", "--block-domains", tmp_path) == 2
    assert "is a folder without the file domains or urls of a UT1 category" in capsys.readouterr().err
