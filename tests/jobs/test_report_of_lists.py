"""A run with a list for each language: what report, card, summary and comparison say, against the rows on disk."""

import json
import random
from collections import Counter
from pathlib import Path

import html5lib
import pytest
from build_warcs import page, write_records
from fasttext_model import write_model
from pools import record_of, rows_of, run

from jobs.console.summary import summarize
from jobs.runs.run_folder import stored_run
from jobs.steps.report_sections import collect
from jobs.steps.run_context import own_context
from udfs.report.lists_view import lists_view
from udfs.stages import Stage

WORDS = {
    "en": ["the", "cat", "die", "roof", "ferry", "in"],
    "de": ["die", "Katze", "auf", "Dach", "Fähre"],
    "ja": ["猫", "屋根", "フェリー", "の"],
    "fi": ["kissa"],
}
MARKS = {"en": "photo", "de": "Foto", "gsw": "Föteli", "ja": "写真", "sv": "fotografi"}
"""The word by which the model knows each language. gsw leads to the list de, sv to none; no caption is Finnish."""
PAIRS = {"en": 160, "de": 90, "gsw": 15, "ja": 60, "sv": 5}
TAIL_SHARE = 0.2


def caption_of(language: str, rng: random.Random) -> str:
    words = WORDS["de" if language == "gsw" else "en" if language == "sv" else language]
    weights = [1 / (place + 1) ** 2 for place in range(len(words))]
    picked = rng.choices(words, weights, k=rng.randrange(1, 4))
    rest = f"{rng.randrange(10**6)}"
    return f"{MARKS[language]} {('' if language == 'ja' else ' ').join(picked)} {rest}"


@pytest.fixture(scope="module")
def by_language(spark, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("by-language")
    lists = root / "lists"
    lists.mkdir()
    for code, entries in WORDS.items():
        (lists / f"{code}.json").write_text(json.dumps(entries), encoding="utf-8")
    (lists / "languages.toml").write_text('[map]\ngsw = "de"\n', encoding="utf-8")
    model = write_model(root / "model.bin", {label: [word] for label, word in MARKS.items()})
    rng = random.Random(11)
    alts = [caption_of(language, rng) for language, many in PAIRS.items() for _ in range(many)]
    images = "".join(f'<img src="/{at}.jpg" alt="{alt}">' for at, alt in enumerate(alts))
    warc = root / "crawl.warc.gz"
    warc.write_bytes(b"".join(write_records([page(images, content_type="text/html; charset=utf-8")], gzip=True)))
    flags = ["--metadata", lists, "--language-model", model, "--languages", "all", "--seed", 3]
    flags += ["--tail-share", TAIL_SHARE, "--min-list-matches", 150]
    assert run("curate", warc, "--out", root / "out", *flags) == 0
    return root / "out"


@pytest.fixture(scope="module", params=["spark", "pyarrow"])
def report(request, by_language):
    stored = stored_run(str(by_language))
    return collect(request.getfixturevalue("spark") if request.param == "spark" else None, stored, own_context(stored))


def counts_by_list(rows: list[dict]) -> dict[str, Counter[str]]:
    """How many rows hold each entry of each list."""
    counts = {code: Counter() for code in WORDS}
    for row in rows:
        counts[row["list"]].update(WORDS[row["list"]][entry_id] for entry_id in row["entry_ids"])
    return counts


def t_of(counts: Counter[str]) -> int:
    """The largest t whose tail holds at most `TAIL_SHARE` of the matches, tried one by one; a small list keeps all."""
    matches = sum(counts.values())
    if matches < 150:
        return max(counts.values(), default=0) + 1
    fits = [t for t in range(1, matches) if sum(n for n in counts.values() if n < t) / matches <= TAIL_SHARE]
    return max(fits)


def test_each_list_has_the_figures_of_its_rows(report, by_language):
    pool, subset = rows_of(by_language / "pool"), rows_of(by_language / "subset")
    counts, kept = counts_by_list(pool), counts_by_list(subset)
    in_pool, in_subset = Counter(row["list"] for row in pool), Counter(row["list"] for row in subset)
    view = lists_view(report)
    assert [row.code for row in view.rows] == ["en", "de", "ja", "fi"]
    assert view.rows[1].languages == {"de": PAIRS["de"], "gsw": PAIRS["gsw"]}
    for row in view.rows:
        matches = sum(counts[row.code].values())
        assert (row.entries, row.pool_pairs, row.drawn.pairs) == (
            len(WORDS[row.code]), in_pool[row.code], in_subset[row.code],
        )  # fmt: skip
        assert (row.drawn.matches, row.drawn.t) == (matches, t_of(counts[row.code]))
    assert "Kept whole" in view.notes[1] and "ja" in view.notes[1]
    assert "1 list (fi)" in view.notes[2]
    assert report.traits.lists == Counter((row["list"], row["lang"]) for row in pool)
    rows = {(row.list, row.entry): row for row in report.entries.rows}
    assert rows.keys() == {(code, entry) for code, of_list in counts.items() for entry in of_list}
    for (code, entry), row in rows.items():
        p = min(t_of(counts[code]) / counts[code][entry], 1)
        assert (row.matches, row.at) == (counts[code][entry], [(p, kept[code][entry])])
    (figures,) = report.subsets
    limited = [min(n, t_of(of_list)) for of_list in counts.values() for n in of_list.values()]
    assert figures.limited.totals[-1] == sum(limited)
    assert dict(report.sizes)[TAIL_SHARE] == len(subset)


def test_pairs_are_marked_by_the_rule_of_their_list(report):
    shown = {"".join(piece.text for piece in pair.caption): pair for pair in (*report.pairs, *report.subsets[0].pairs)}
    assert {pair.list for pair in shown.values()} >= {"en", "de"}
    for caption, pair in shown.items():
        words = [word for word in WORDS[pair.list] if word in (caption if pair.list == "ja" else caption.split())]
        assert pair.entries == len(words)
        marked = "".join(piece.text for piece in pair.caption if piece.matched)
        assert words and all(word in marked for word in words)
        assert MARKS[pair.lang] not in marked


def test_examples_are_of_their_list(report):
    by_place = {row.place: row for row in report.entries.rows}
    assert {by_place[place].list for place in report.entries.examples} == {"en", "de", "ja"}
    for place, examples in report.entries.examples.items():
        for example in examples:
            marked = [piece.text for piece in example.caption if piece.matched]
            assert marked and all(by_place[place].entry in text for text in marked)
            assert MARKS["en"] not in example.caption[0].text or by_place[place].list == "en"


def test_page_card_and_summary_have_a_row_a_list(by_language):
    page_text = (by_language / "report.html").read_text(encoding="utf-8")
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page_text)
    assert "lists" in [heading.get("id") for heading in document.iter("h2")]
    (table,) = [table for table in document.iter("table") if table.get("id") == "list-table"]
    cells = [[cell.text for cell in row] for row in table.find("tbody")]
    draws = {draw["list"]: draw for draw in record_of(by_language)["stages"]["subset"]["lists"]}
    assert [row[0] for row in cells] == ["en", "de", "ja", "fi"]
    assert [row[7] for row in cells] == [f"{draws['en']['t']}", f"{draws['de']['t']}", "kept whole", "–"]
    assert cells[1][1] == "de 90, gsw 15"
    card = (by_language / "README.md").read_text(encoding="utf-8")
    assert '\nlanguage:\n- "de"\n- "en"\n- "ja"\n' in card
    assert "in 4 lists by language" in card and "at most 20.0% of its matches" in card
    assert f"| `ja` | 4 | {draws['ja']['matches']} | kept whole | 60 | 60 |" in card
    assert "| `list` |" in card
    assert "In the list ja, what stands on either side of an entry is a space, or nothing where" in card
    said = "\n".join(summarize(stored_run(str(by_language)).record, "out", Stage.SUBSET))
    assert "in a language without a list" in said and "1 list without a pair" in said
    assert "entry_counts_by_list/" in said


def test_two_runs_with_lists_are_compared_list_by_list(by_language, curated, tmp_path):
    other = tmp_path / "other"
    assert run("balance", by_language, "--out", other, "--tail-share", 0.5, "--min-list-matches", 0) == 0
    draws = {draw["list"]: draw for draw in record_of(other)["stages"]["subset"]["lists"]}
    assert run("report", other, "--pool", by_language, "--compare", by_language) == 0
    page_text = (other / "report.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page_text)
    compared = page_text.split('<h2 id="compare">')[1].split("<h2")[0]
    row = compared.split('<tr><th scope="row">ja</th>')[1].split("</tr>")[0]
    assert f'<td class="n">60</td><td class="n">{draws["ja"]["t"]}</td>' in row and "kept whole" in row
    assert "die (de)" in compared and "die (en)" in compared
    assert run("report", other, "--compare", curated) == 0
    page_text = (other / "report.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page_text)
    assert "other has a list of entries for each language, out one list for all captions" in page_text
    assert "Lists by language</h3>" not in page_text
