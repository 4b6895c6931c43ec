"""The data card from run records: one subset, several, and those of a download's survivors."""

import pytest

from udfs.record import RunRecord
from udfs.report.data_card import render_card
from udfs.report.figures import Step
from udfs.run_json import make_record
from udfs.schemas import SUBSET


def record(subset: dict, **changes) -> RunRecord:
    fields = {
        "ballast": "0.1.0",
        "job": "balance",
        "state": "finished",
        "started": "2026-01-01T00:00:00+00:00",
        "settings": {"seed": 7, "languages": ["de", "en"]},
        "versions": {"python": "3.11", "pyspark": "4.0"},
        "stages": {
            "subset": {"pool_pairs": 2000, **subset},
            "files": {"files": 3, "bytes": 9, "ok": 1, "partial": 2, "failed": 0},
        },
        **changes,
    }
    return make_record(fields)


ABOVE = {"entries_above_t": 3, "share_of_matches_above_t": 0.5}
ONE = {"t": 20_000, "pairs": 1000, "images": 900, "threshold": {"preset": "400m"}, **ABOVE}


def test_one_subset():
    inputs = {"files": 3, "sha256": "ab"}
    card = render_card(record(ONE, inputs=inputs), [Step("pool", 2000, 4000, "of pairs", "1,800 images")])
    assert "| subset | 1,000 pairs of 900 images, 50.0% of 2,000 |" in card
    assert "| t | 20,000 (the paper's, by the preset 400m) |" in card
    assert "| pool | 2,000 | 50.0% | 1,800 images |" in card
    assert "3 WARC or WAT files" in card and "(2 partial)" in card
    assert "| languages | de, en |" in card
    assert "survivors" not in card
    assert "rules" not in card


def test_what_was_left_out_is_told():
    settings = {"seed": 7, "opt_outs": ["noai", "tdm"]}
    blocks = {"domains": 3000, "paths": 0, "images": 2, "sha256": "cd"}
    card = render_card(record(ONE, settings=settings, blocks=blocks), [])
    assert "opted out of such use (noai, tdm) were left out." in card
    assert "Blocked sites and images were left out: 3,000 domains, 0 parts of sites and 2 images" in card
    assert "opted out" not in render_card(record(ONE, settings={"seed": 7, "opt_outs": ["none"]}), [])


def test_rules_of_captions_are_told():
    settings = {"seed": 7, "drop_file_names": True, "strip_invisible": False, "max_caption_repeats": 1000}
    card = render_card(record(ONE, settings=settings, block_words={"words": 1200, "sha256": "ef"}), [])
    said = "`drop_file_names = true`, `max_caption_repeats = 1000`, a list of 1,200 words and phrases"
    assert f"cleaned or dropped by rules: {said} that block (sha256 `ef`)." in card


def test_several_subsets_of_a_downloads_survivors():
    subsets = [{"t": t, "pairs": t, "images": t, "threshold": {"target_size": t}, **ABOVE} for t in (5, 50)]
    files = {"source": {"files": 2, "sha256": "cd"}, "survivors": {"files": 1, "sha256": "ef"}}
    card = render_card(record({"subsets": subsets}, **files), [])
    assert "| subset, t = 50 (`subset/t=50/`) | 50 pairs" in card
    assert "| t | 5, 50 (chosen for 5 pairs; chosen for 50 pairs) |" in card
    assert "It was drawn from a pool that another run made (2 files" in card
    assert "named as survivors of a download" in card


@pytest.mark.parametrize("threshold", [{"t": 3}, {"tail_share": 0.06, "tail_share_reached": 0.05}, {}])
def test_every_way_to_choose_t_is_told(threshold):
    assert "| t | 20,000" in render_card(record({**ONE, "threshold": threshold}), [])


def test_every_column_is_described():
    card = render_card(record(ONE), [])
    assert all(f"| `{name}` |" in card for name in SUBSET.names)
