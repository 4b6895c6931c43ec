"""Texts as token ids: cut and padded to the model's length, with the mask that the model was trained with."""

import json
import shutil

import numpy as np
import pytest
from shapes import TINYCLIP

from udfs.errors import UsageError
from udfs.models.text_settings import TextSettings
from udfs.models.tokenizing import TextTokens

START, END = 0, 1
CLIP = TextSettings(16, "<|endoftext|>", 1, False)
TEXTS = ["a red star", "", "star " * 40]
VOCABULARY = json.loads((TINYCLIP / "tokenizer.json").read_text())["model"]["vocab"]


def test_texts_are_padded_and_cut():
    ids, mask = TextTokens(TINYCLIP / "tokenizer.json", CLIP).tokens(TEXTS)
    a, red, s, tar = (VOCABULARY[part] for part in ("a</w>", "red</w>", "s", "tar</w>"))
    assert ids.tolist() == [
        [START, a, red, s, tar, *[END] * 11],
        [START, *[END] * 15],
        [START, *[s, tar] * 7, END],
    ]
    assert mask.sum(axis=1).tolist() == [6, 2, 16]
    assert ids.dtype == mask.dtype == np.int64


def test_a_model_that_sees_padding_gets_no_mask():
    ids, mask = TextTokens(TINYCLIP / "tokenizer.json", CLIP._replace(length=9, sees_padding=True)).tokens(TEXTS)
    assert ids.shape == (3, 9)
    assert mask.all()


def test_padding_comes_from_the_first_that_names_it(tmp_path):
    own = json.loads((TINYCLIP / "tokenizer.json").read_text())
    path = tmp_path / "tokenizer.json"
    shutil.copy(TINYCLIP / "tokenizer.json", path)
    padded = TextTokens(path, CLIP._replace(pad_token="<|startoftext|>")).tokens([""]).ids
    assert padded.tolist() == [[START, END, *[START] * 14]]
    assert TextTokens(path, TextSettings(4, None, None, False)).tokens([""]).ids.tolist() == [[START, END, END, END]]
    path.write_text(json.dumps({**own, "padding": None}))
    assert TextTokens(path, TextSettings(4, None, 0, False)).tokens([""]).ids.tolist() == [[START, END, START, START]]
    with pytest.raises(UsageError, match="names no token for padding: add pad_token"):
        TextTokens(path, TextSettings(4, None, None, False))


def test_a_file_that_is_no_tokenizer(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(UsageError, match=r"is no tokenizer: [^\n]*$"):
        TextTokens(path, CLIP)
