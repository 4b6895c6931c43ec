"""Report and data card of real runs: their figures against the rows on disk."""

import json
import shutil
from collections import Counter

import html5lib
import pytest
from PIL import Image
from pools import counts_of, keep_prob_of, record_of, rows_of, run

from jobs.report import draw_report, drop_report
from jobs.runs.run_folder import stored_run
from jobs.steps.report_sections import collect
from jobs.steps.run_context import own_context
from udfs.report.figures import MOST_MATCHES


@pytest.fixture(scope="module", params=["spark", "pyarrow"])
def report(request, curated):
    stored = stored_run(str(curated))
    spark = request.getfixturevalue("spark") if request.param == "spark" else None
    return collect(spark, stored, own_context(stored))


def test_figures_are_those_of_the_rows(report, curated, crawl):
    pool, subset = rows_of(curated / "pool"), rows_of(curated / "subset")
    counts, kept = counts_of(pool, len(crawl.entries)), counts_of(subset, len(crawl.entries))
    sizes = Counter(min(len(row["entry_ids"]), MOST_MATCHES) for row in pool)
    assert report.matches == [sizes[n] for n in range(MOST_MATCHES + 1)]
    assert report.traits.languages == {"en": len(pool)}
    assert report.traits.text_keys == Counter(row["text_key"] for row in pool)
    assert report.traits.lengths == [Counter(min(len(row["caption"]) // 10, 20) for row in pool)[n] for n in range(21)]
    assert (report.entries.matches, report.entries.unmatched) == (sum(counts), counts.count(0))
    assert {(row.place, row.entry, row.matches) for row in report.entries.rows} == {
        (i, crawl.entries[i], count) for i, count in enumerate(counts) if count
    }
    assert all(row.at == [(min(5 / row.matches, 1), kept[row.place])] for row in report.entries.rows)
    (figures,) = report.subsets
    assert figures.limited.totals[-1] == sum(min(count, 5) for count in counts)
    assert figures.realised.totals[-1] == sum(kept)
    keep = Counter(min(int(keep_prob_of(row["entry_ids"], counts, 5) * 20), 19) for row in pool)
    assert figures.pool_keep == [keep[n] for n in range(20)]
    assert sum(figures.kept_keep) == sum(figures.matches) == len(subset)
    assert dict(report.sizes)[5] == len(subset)
    assert [(step.name, step.items) for step in report.funnel][-2:] == [("pool", len(pool)), ("subset", len(subset))]


def test_pairs_are_picked_by_a_hash_and_say_why_they_were_kept(report, curated, crawl):
    by_url = {(row["url"], row["caption"]): row for row in rows_of(curated / "subset")}
    assert len(report.pairs) == len(report.subsets[0].pairs) == 20
    for pair in report.pairs:
        key = (pair.url, "".join(piece.text for piece in pair.caption))
        assert (key in by_url) == (pair.draw < pair.keep_probs[0])
        assert any(piece.matched for piece in pair.caption)
    assert all(pair.draw < pair.keep_probs[0] for pair in report.subsets[0].pairs)


def test_curate_writes_page_and_card(curated):
    page = (curated / "report.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert record_of(curated)["report"] == "report.html"
    card = (curated / "README.md").read_text(encoding="utf-8")
    facts = record_of(curated)["stages"]["subset"]
    assert f"| subset | {facts['pairs']:,} pairs of {facts['images']:,} images" in card
    assert "| `keep_prob` |" in card and record_of(curated)["metadata"]["sha256"] in card


def test_reports_of_single_steps_show_what_there_is(curated, crawl, tmp_path, capsys):
    pool, counts, subset, extracted = (tmp_path / name for name in ("pool", "counts", "subset", "extracted"))
    assert run("extract", crawl.folder, "--out", extracted) == 0
    assert run("dedup", curated, "--out", pool) == 0
    assert run("count", curated, "--out", counts, "--metadata", crawl.metadata) == 0
    assert run("balance", curated, "--out", subset, "--t", 5, "--seed", 7) == 0
    headings = {}
    for folder in (extracted, pool, counts, subset):
        assert run("report", folder) == 0
        assert capsys.readouterr().out.splitlines()[-1] == str(folder / "report.html")
        page = (folder / "report.html").read_text(encoding="utf-8")
        document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
        headings[folder] = [heading.get("id") for heading in document.iter("h2")]
    assert headings[extracted] == ["funnel", "files", "languages", "traits", "pairs", "time", "reproduce"]
    assert headings[pool] == ["funnel", "pool", "languages", "traits", "pairs", "time", "reproduce"]
    assert headings[counts] == ["entries-title", "time", "reproduce"]
    assert headings[subset] == ["funnel", "t5", "languages", "traits", "time", "reproduce"]
    assert run("report", subset, "--pool", curated) == 0
    page = (subset / "report.html").read_text(encoding="utf-8")
    assert 'id="sizes"' in page and 'id="cumulative-5-text"' in page


def test_user_errors_are_one_line(spark, curated, tmp_path, capsys):
    assert run("report", tmp_path) == 2
    assert "not the output folder of a Ballast job" in capsys.readouterr().err
    assert run("report", curated, "--paper-list") == 2
    assert "this run's list is not the paper's 500,000" in capsys.readouterr().err
    assert run("report", curated, "--pool", curated) == 2
    assert "holds no subset of another folder's pool" in capsys.readouterr().err
    assert json.loads((curated / "run.json").read_text())["state"] == "finished"


@pytest.mark.parametrize("only_spark", [False, True])
def test_a_failed_report_is_a_warning_and_undoes_nothing(only_spark, spark, curated, tmp_path, capsys):
    broken = tmp_path / "broken"
    shutil.copytree(curated, broken)
    drop_report(stored_run(str(broken)))
    assert not (broken / "report.html").exists()
    next((broken / "pool").glob("*.parquet")).unlink()
    draw_report(spark, stored_run(str(broken)), str(broken), only_spark=only_spark)
    assert "report.html could not be drawn" in (log := capsys.readouterr().err)
    assert f"`ballast report {broken}` tries again" in log
    assert record_of(broken)["state"] == "finished" and not (broken / "report.html").exists()


def test_two_runs_and_downloaded_images_on_one_page(curated, tmp_path, capsys):
    folder, images, subset = tmp_path / "run", tmp_path / "images", tmp_path / "subset"
    shutil.copytree(curated, folder)
    assert run("balance", curated, "--out", subset, "--t", 2, "--seed", 7) == 0
    (images / "00000").mkdir(parents=True)
    urls = list(dict.fromkeys(row["url"] for row in rows_of(curated / "pool")))[:3]
    for place, url in enumerate([*urls, "https://elsewhere.example/"]):
        Image.new("RGB", (300, 200)).save(images / "00000" / f"{place}.jpg")
        (images / "00000" / f"{place}.json").write_text(json.dumps({"url": url, "caption": "x"}))
    (images / "00000" / "0.jpg").write_bytes(b"damaged")
    assert run("report", folder, "--compare", subset, "--images", images) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert page.count("<img ") == 2 and "Left out: 1 damaged, 1 not of this run." in page
    assert "Compared with subset" in page
    capsys.readouterr()
    assert run("report", folder, "--images", tmp_path / "absent") == 2
    assert "no such file or folder" in capsys.readouterr().err
