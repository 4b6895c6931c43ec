"""The summary of what follows a download."""

from jobs.console.image_figures import image_figures
from udfs.image_stages import LeftOutFacts, ShardsFacts
from udfs.record import Stages


def figures(*facts: LeftOutFacts | ShardsFacts) -> list[tuple[str, str, str]]:
    stages = Stages()
    for each in facts:
        stages = stages.with_facts(each)
    return list(image_figures(stages))


def test_training_tars_and_what_is_left_out():
    shards = ShardsFacts(tars=1, samples=1200, pairs=3000, bytes=10240, encoded_again=7)
    left_out = LeftOutFacts(pairs=5, reasons={"truncated": 1, "not_downloaded": 4})
    assert figures(shards, left_out) == [
        ("samples", "1,200", "of 3,000 pairs, in 1 tar, 10,240 bytes; 7 images encoded again"),
        ("left out", "5", "pairs without an image: 4 not_downloaded, 1 truncated"),
    ]


def test_images_set_apart_have_a_line():
    apart = {"apart": "val", "tars_apart": 1, "samples_apart": 9}
    assert figures(ShardsFacts(tars=2, samples=20, pairs=40, bytes=9, encoded_again=0, **apart)) == [
        ("samples", "20", "in 2 tars"),
        ("val", "9", "in 1 tar: images that --split sets apart"),
        ("pairs", "40", "of the subset, in 9 bytes"),
    ]
