"""The tiny CLIP knows what it was trained on, on fresh pictures; a model without knowledge fails the same checks."""

import shutil
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from onnx_bytes import scrambled
from shapes import COLOURS, FORMS, TINYCLIP, Shape, draw, random_shape

from udfs.models.clip_model import ClipModel, embed_images
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import open_model
from udfs.models.vectors import all_cosines, cosines, rounded, stored

PICTURES = 1000


class Figures(NamedTuple):
    zero_shot: float
    """Share of pictures whose nearest of 64 captions has their colour and form."""
    recall_at_10: float
    """Share of captions whose picture is among the 10 nearest of 1,000."""
    auc: float
    """How probable it is that the score of a right caption is higher than that of a wrong one."""
    wrong_left: float
    """Share of wrong captions among the best 80 %, after 20 % wrong ones were planted."""


def figures(model: ClipModel) -> Figures:
    rng = Random(4711)
    shapes = [random_shape(rng) for _ in range(PICTURES)]
    images = stored(embed_images(model, [draw(rng, shape) for shape in shapes]))
    classes = [(colour, form) for colour in COLOURS for form in FORMS]
    labels = stored(model.embed_texts([f"a {colour} {form}" for colour, form in classes]))
    named = [classes[place] for place in all_cosines(images, labels).argmax(axis=1)]
    texts = stored(model.embed_texts([shape.caption() for shape in shapes]))
    scores = all_cosines(texts, images)
    right = scores.diagonal()
    wrong = np.array([scores[place, (place + PICTURES // 2) % PICTURES] for place in range(PICTURES)])
    return Figures(
        float(np.mean([name == (shape.colour, shape.form) for name, shape in zip(named, shapes, strict=True)])),
        float(np.mean((scores > right[:, None]).sum(axis=1) < 10)),
        float(np.mean(right[:, None] > wrong[None])),
        wrong_left(rng, shapes, texts, images),
    )


def wrong_left(rng: Random, shapes: list[Shape], texts: np.ndarray, images: np.ndarray) -> float:
    is_wrong = np.array([rng.random() < 0.2 for _ in shapes])
    caption_of = np.arange(PICTURES)
    caption_of[is_wrong] = [rng.randrange(PICTURES) for _ in range(is_wrong.sum())]
    is_wrong = np.array([shapes[caption] != shapes[image] for image, caption in enumerate(caption_of)])
    scores = rounded(cosines(texts[caption_of], images))
    best = np.argsort(-scores, kind="stable")[: PICTURES * 8 // 10]
    return float(is_wrong[best].mean())


def passes(found: Figures) -> list[bool]:
    return [found.zero_shot >= 0.65, found.recall_at_10 >= 0.80, found.auc >= 0.98, found.wrong_left <= 0.02]


def test_the_trained_model_finds_names_and_scores():
    found = figures(load_clip(open_model(str(TINYCLIP)), device="cpu", threads=1))
    assert all(passes(found)), found


def test_a_model_that_knows_nothing_fails_each_check(tmp_path):
    copy = tmp_path / "scrambled"
    shutil.copytree(TINYCLIP, copy)
    for path in (copy / "onnx").iterdir():
        path.write_bytes(scrambled(path.read_bytes(), 1))
    found = figures(load_clip(open_model(str(copy)), device="cpu", threads=1))
    assert not any(passes(found)), found
    assert found.auc == pytest.approx(0.5, abs=0.1)
