"""`explain`, `inspect` and `trace` on the curated sample: what they print against the rows on disk."""

import pytest
from pools import counts_of, document_of, draw_of, keep_prob_of, rows_of, run

from jobs.sample import write_sample


@pytest.fixture(scope="module")
def counts(curated, crawl):
    return counts_of(rows_of(curated / "pool"), len(crawl.entries))


def test_explain_gives_the_probabilities_of_the_rows(curated, crawl, counts, capsys, tmp_path):
    row = max(rows_of(curated / "subset"), key=lambda row: len(row["entry_ids"]))
    entries = [crawl.entries[i] for i in row["entry_ids"]]
    sources = [curated, curated / "entry_counts", curated / "entry_counts.json"]
    for source in sources:
        assert run("explain", row["caption"], "--counts", source, "--t", 5) == 0
        lines = capsys.readouterr().out.splitlines()
        assert f"entries   {len(entries)}" in lines
        for entry_id, entry in zip(row["entry_ids"], entries, strict=True):
            (line,) = [line for line in lines if line.split()[:1] == [str(entry_id)]]
            assert entry in line and line.split()[-2:] == [str(counts[entry_id]), f"{min(5 / counts[entry_id], 1):.4g}"]
        assert lines[-1] == f"keep probability {row['keep_prob']:.6g} at t=5: 1 − Π (1 − p)"
    assert run("explain", row["caption"], "--counts", curated) == 0  # its run's own t
    assert " at t=5: " in capsys.readouterr().out
    assert run("explain", row["caption"], "--counts", curated / "entry_counts.json", "--metadata", crawl.metadata) == 2
    assert "--t T" in capsys.readouterr().err


def test_explain_marks_entries_and_shows_hostile_text(crawl, capsys):
    assert run("explain", "A photo of\x1b[2J the dog, \u202ecat", "--metadata", crawl.metadata) == 0
    out = capsys.readouterr().out
    assert "matched    A photo of\\x1b[2J ⟦the⟧ ⟦dog⟧ ,  \\u202ecat " in out
    assert "\x1b" not in out and "keep probability" not in out
    assert run("explain", "nothing in it", "--metadata", crawl.metadata) == 0
    assert "entries   0: the pair would be dropped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--t", 5), "add --counts PATH"),
        (("--counts", "missing"), "missing"),
        (("--counts", "{folder}"), "holds no entry counts"),
    ],
)
def test_explain_names_what_is_wrong(arguments, message, capsys, tmp_path):
    words = [str(argument).replace("{folder}", str(tmp_path)) for argument in arguments]
    assert run("explain", "a", *words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", [("explain", "a"), ("inspect", "x.warc.gz")])
def test_lookups_have_no_flag_for_workers(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(*words, "--hot-lists", 2)
    assert "unrecognized arguments: --hot-lists" in capsys.readouterr().err


def test_inspect_shows_every_pair_and_every_reason(crawl, expected_pairs, capsys, tmp_path):
    warc = crawl.folder / "one.warc.gz"
    assert run("inspect", warc, "--limit", 1000, "--metadata", crawl.metadata) == 0
    lines = capsys.readouterr().out.splitlines()
    of_file = [pair for pair in expected_pairs if pair.warc_file == "one.warc.gz"]
    assert sum(line.startswith("  + ") for line in lines) == len(of_file)
    assert sum(line.startswith("      entries: ") for line in lines) == len(of_file)
    assert lines[-1] == "end of file, undamaged"
    reasons = " ".join(line for line in lines if line.startswith("  - "))
    for reason in ("image_data_url", "text_other_language", "text_blank", "image_not_http", "text_no_match"):
        assert reason in reasons
    assert run("inspect", warc, "--limit", 2) == 0
    printed = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("page ") for line in printed) == 2
    assert printed[-1] == "… and more pages (--limit 2 shown)"


def test_inspect_of_a_damaged_file_says_where_it_ends(capsys, tmp_path):
    whole = write_sample(tmp_path / "whole.warc.gz", 5, 3, wat=False)[0]
    cut = tmp_path / "cut.warc.gz"
    cut.write_bytes(whole.read_bytes()[:-500])
    assert run("inspect", cut, "--limit", 100) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("damaged: ")
    assert run("inspect", tmp_path / "none.warc.gz") == 2
    assert run("inspect", tmp_path) == 2
    assert "names 2 files" in capsys.readouterr().err


def test_trace_says_where_each_pair_is_from_and_why_it_was_kept(curated, counts, capsys):
    pool, subset = rows_of(curated / "pool"), rows_of(curated / "subset")
    in_subset = {(row["uuid"], row["caption_hash"]) for row in subset}
    kept = next(row for row in subset if row["keep_prob"] < 1)
    dropped = next(row for row in pool if (row["uuid"], row["caption_hash"]) not in in_subset)
    for row, argument in ((kept, kept["url"]), (dropped, dropped["uuid"])):
        traced = document_of(capsys, "trace", argument, curated, "--copies")["result"]
        rows = sorted((r for r in pool if r["uuid"] == row["uuid"]), key=lambda r: r["caption"])
        assert [pair["caption"] for pair in traced["pairs"]] == [r["caption"] for r in rows]
        assert len(traced["copies"]) == sum(r["duplicates"] for r in rows)
        for pair, expected in zip(traced["pairs"], rows, strict=True):
            for name in ("page_url", "warc_file", "warc_offset", "duplicates"):
                assert pair[name] == expected[name]
            assert pair["draw"] == draw_of(expected, 7)
            (at,) = pair["subsets"]
            assert at["keep_prob"] == keep_prob_of(expected["entry_ids"], counts, 5)
            assert at["in_subset"] == ((expected["uuid"], expected["caption_hash"]) in in_subset)
            assert at["in_subset"] == (pair["draw"] < at["keep_prob"])
    assert run("trace", dropped["uuid"], curated) == 0
    out = capsys.readouterr().out
    assert "not in the subset: its draw" in out and "offset" in out


def test_trace_of_an_unknown_image(curated, capsys):
    assert run("trace", "0" * 24, curated) == 1
    assert "holds no pair of the image" in capsys.readouterr().err
    assert run("trace", "javascript:alert(1)", curated) == 2
    assert "neither a uuid" in capsys.readouterr().err
