"""A page in several languages, with a list for each: every text goes to its list, to `other`, or has no list."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from build_warcs import page, write_records
from fasttext_model import write_model

from jobs.runs.open_storage import load_lists
from udfs.extraction.extractor import Extractor
from udfs.extraction.options import ExtractOptions
from udfs.matching.by_language import LanguageMatcher
from udfs.matching.list_matchers import ListMatchers, write_lists
from udfs.outcomes import conservation_errors
from udfs.sources.input_files import InputFile
from udfs.storage.local import open_input

MODEL = {
    "eng_Latn": ["ferry", "harbour"],
    "zho_Hans": ["渡轮", "港口的渡轮"],
    "yue_Hant": ["渡輪"],
    "jpn_Jpan": ["フェリー", "港のフェリーです"],
    "tha_Thai": ["เรือเฟอร์รี่ในท่าเรือ"],
    "rus_Cyrl": ["паром", "гавань"],
    "isl_Latn": ["ferja"],
    "als_Latn": ["traget"],
}
LISTS = {
    "en": ["harbour", "ferry", "trap"],
    "zh": ["ferry", "渡轮", "渡輪"],
    "ja": ["フェリー"],
    "th": ["เรือ"],
    "ru": ["паром"],
    "als": ["ferja", "traget"],
}
PAGE = {
    "a ferry": ("en", ["ferry"]),
    "ferry in the harbour": ("en", ["harbour", "ferry"]),
    "港口的渡轮": ("zh", ["渡轮"]),
    "渡輪 渡輪 ferry": ("zh", ["ferry", "渡輪"]),
    "港のフェリーです": ("ja", ["フェリー"]),
    "เรือเฟอร์รี่ในท่าเรือ": ("th", ["เรือ"]),
    "паром trap": ("ru", ["паром"]),
    "гавань": ("ru", []),
    "traget": ("als", ["traget"]),
    "ferja": (None, []),
    "no word of the model": (None, []),
}
"""Each caption: the list that its language leads to, None where only `other` can be; and the list's entries in it."""


def extract(tmp_path: Path, lists: Mapping[str, list[str]], languages: frozenset[str] | None = None) -> tuple:
    """The pairs of the page with these lists, as (caption, list, entries), and the counters of its file."""
    folder = tmp_path / "lists"
    folder.mkdir()
    for code, entries in lists.items():
        (folder / f"{code}.json").write_text(json.dumps(entries))
    loaded = load_lists(str(folder))
    write_lists([(at.code, at.boundaries, at.load().entries) for at in loaded.lists], tmp_path)
    matcher = LanguageMatcher(ListMatchers(tmp_path), loaded.list_labels)
    images = "".join(f'<img src="/{at}.jpg" alt="{alt}">' for at, alt in enumerate(PAGE))
    archive = tmp_path / "page.warc"
    archive.write_bytes(b"".join(write_records([page(images, content_type="text/html; charset=utf-8")], gzip=False)))
    model = str(write_model(tmp_path / "m.bin", MODEL))
    extractor = Extractor(ExtractOptions(languages, language_model=model), matcher)
    batches = extractor.file_batches(InputFile(str(archive), archive.name, "warc"), open_input)
    *pairs, last = [row for batch in batches for row in batch.to_pylist()]
    found = {row["caption"]: (row["list"], [lists[row["list"]][at] for at in row["entry_ids"]]) for row in pairs}
    assert conservation_errors(last["file"]) == []
    return found, last["file"]


def test_each_text_goes_to_its_list_or_has_none(tmp_path):
    found, counts = extract(tmp_path, LISTS)
    assert found == {caption: (code, entries) for caption, (code, entries) in PAGE.items() if entries}
    outcomes = Counter(
        "pairs" if entries else "text_no_match" if code else "text_no_list" for code, entries in PAGE.values()
    )
    assert {name: counts[name] for name in outcomes} == outcomes
    assert counts["texts"] == len(PAGE) == sum(outcomes.values())


def test_other_takes_those_without_a_list(tmp_path):
    found, counts = extract(tmp_path, {**LISTS, "other": ["model", "ferja", "ferry", "a"]})
    expected = {caption: led for caption, led in PAGE.items() if led[1]}
    expected |= {"ferja": ("other", ["ferja"]), "no word of the model": ("other", ["model"])}
    assert found == expected
    assert (counts["text_no_list"], counts["text_no_match"]) == (0, 1)


@pytest.mark.parametrize("code", LISTS)
def test_a_list_gives_the_same_rows_alone(tmp_path, code):
    """Its texts alone: those of other lists have no list then. yue leads to zh, Albanian to als."""
    found, counts = extract(tmp_path, {code: LISTS[code]})
    assert found == {caption: led for caption, led in PAGE.items() if led[0] == code and led[1]}
    assert counts["text_no_list"] == sum(led[0] != code for led in PAGE.values())


def test_languages_that_are_not_kept_have_no_outcome_of_lists(tmp_path):
    found, counts = extract(tmp_path, LISTS, frozenset({"rus_Cyrl", "isl_Latn"}))
    assert found == {"паром trap": ("ru", ["паром"])}
    outcomes = {"text_other_language": 8, "text_no_list": 1, "text_no_match": 1, "pairs": 1}
    assert {name: counts[name] for name in outcomes} == outcomes
