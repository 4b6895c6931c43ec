"""Training tars of a subset, read by webdataset, compared with the subset and with the bytes of the download."""

import io
import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checked_rows import download_tars, encoded, picture, write_checked
from img2dataset_output import Download
from PIL import Image

from jobs.cli import main
from jobs.runs.run_folder import RunFolder
from udfs.hashing import PICK, SHARD, SPLIT, caption_hash, image_hash, image_uuid, pair_hash, uniform
from udfs.storage.s3_client import s3_client

SIZE, SEED = 7, 11


class Made(NamedTuple):
    folder: Path
    pairs: list[dict[str, Any]]
    images: dict[str, bytes]
    formats: dict[str, str]

    def shards(self, out: Path, *flags: str) -> dict[str, Any]:
        """Run the command; returns run.json."""
        command = ["shards", str(self.folder / "subset.parquet"), "--images", str(self.folder / "checked")]
        command += ["--downloaded", str(self.folder / "down"), "--out", str(out), "--size", str(SIZE)]
        assert main([*command, "--seed", str(SEED), *flags]) == 0
        record: dict[str, Any] = json.loads((out / "run.json").read_text())
        assert record["state"] == "finished"
        return record


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Forty images, most of them with several captions, of which some could not be downloaded."""
    folder = tmp_path_factory.mktemp("shards")
    formats = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]
    downloads, pairs, images, stored = [], [], {}, {}
    for number in range(40):
        url = f"http://a.example/{number}.jpg"
        uuid, format = image_uuid(url), formats[number % 5 if number % 2 else 0]
        image = None if number % 9 == 4 else encoded(picture(number), format, 6 if number == 6 else 1)
        downloads.append(Download(url, image, uuid, "the first caption"))
        if image is not None:
            images[uuid], stored[uuid] = image, format
        for text in range(number % 4 + 1):
            caption = f'caption {text} of "{number}" – ü\t<b>'
            pairs.append(
                {
                    "uuid": uuid,
                    "url": url,
                    "caption": caption,
                    "text_key": "title" if text else "alt",
                    "lang_score": 0.5,
                    "caption_hash": caption_hash(caption),
                    "entry_ids": [1, 2],
                    "keep_prob": 0.25,
                }
            )
    never = "http://a.example/never.jpg"
    pairs.append({**pairs[0], "uuid": image_uuid(never), "url": never})
    rows = download_tars(folder / "down", downloads, 13)
    for row in rows:
        row["punsafe"] = None if row["width"] is None else row["width"] / 100
    rows.append({**rows[0], "status": "copy", "shard": "00009.tar"})
    write_checked(folder / "checked", rows, [pa.field("punsafe", pa.float64())])
    pq.write_table(pa.Table.from_pylist(pairs), folder / "subset.parquet")
    return Made(folder, pairs, images, stored)


@pytest.fixture(scope="session")
def open_clip(spark, made, tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("tars") / "out"
    return out, made.shards(out)


def captions_of(made: Made, uuid: str) -> list[str]:
    """The captions of an image in the order of H("pick", …)."""
    captions = [pair["caption"] for pair in made.pairs if pair["uuid"] == uuid]
    return sorted(captions, key=lambda caption: pair_hash(PICK, SEED, uuid, caption_hash(caption)))


def in_order(made: Made) -> list[str]:
    """The uuids of the images in the order of H("shard", …)."""
    return sorted(made.images, key=lambda uuid: image_hash(SHARD, SEED, uuid))


def samples(tar: Path) -> list[dict[str, Any]]:
    """What webdataset reads with the names that open_clip asks for."""
    import webdataset

    found = webdataset.WebDataset(str(tar), shardshuffle=False, empty_check=False)
    return list(found.rename(image="jpg;png;jpeg;webp", text="txt", told="json"))


def test_webdataset_reads_the_pairs_and_the_bytes_of_the_download(made, open_clip):
    out, record = open_clip
    tars = sorted((out / "shards").glob("*.tar"))
    assert [tar.name for tar in tars] == [f"{number:05d}.tar" for number in range(-(-len(made.images) // SIZE))]
    read = [sample for tar in tars for sample in samples(tar)]
    assert [sample["__key__"] for sample in read] == in_order(made)
    for sample in read:
        uuid, told = sample["__key__"], json.loads(sample["told"])
        captions = captions_of(made, uuid)
        assert sample["text"].decode() == told["caption"] == captions[0]
        assert [pair["caption"] for pair in told["captions"]] == captions
        assert {pair["text_key"] for pair in told["captions"]} <= {"alt", "title"}
        assert told["captions"][0].keys() == {"caption", "caption_hash", "text_key", "lang_score", "keep_prob"}
        assert (told["uuid"], told["width"], told["height"], told["punsafe"]) == (uuid, 48, 32, 0.48)
        if made.formats[uuid] in ("JPEG", "PNG", "WEBP"):
            assert sample["image"] == made.images[uuid]
            assert told["sha256"]
        else:
            assert sample["image"][:3] == b"\xff\xd8\xff", "open_clip does not read GIF and BMP"
    sizes = json.loads((out / "shards" / "sizes.json").read_text())
    assert sizes == {tar.name: len(samples(tar)) for tar in tars}
    facts = record["stages"]["shards"]
    again = sum(format in ("GIF", "BMP") for format in made.formats.values())
    assert (facts["tars"], facts["samples"], facts["encoded_again"]) == (len(tars), len(made.images), again)
    assert facts["pairs"] == sum(pair["uuid"] in made.images for pair in made.pairs)
    assert facts["bytes"] == sum(tar.stat().st_size for tar in tars)
    assert not (out / "samples").exists()


def test_pairs_without_an_image_are_rows(made, open_clip):
    out, record = open_clip
    rows = pq.read_table(out / "left_out").to_pylist()
    expected = Counter((p["uuid"], p["url"], p["caption_hash"]) for p in made.pairs if p["uuid"] not in made.images)
    assert Counter((row["uuid"], row["url"], row["caption_hash"]) for row in rows) == expected
    facts = record["stages"]["left_out"]
    assert facts["reasons"] == Counter(row["why"] for row in rows)
    assert facts["reasons"]["not_downloaded"] == 1 and facts["reasons"]["download_failed"] == facts["pairs"] - 1


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in (out / "shards").rglob("*") if path.is_file()}


def test_a_killed_run_is_resumed_and_the_bytes_depend_on_no_partition(spark, made, open_clip, tmp_path, monkeypatch):
    table = pq.read_table(made.folder / "subset.parquet")
    for part in range(4):
        (tmp_path / "subset.parquet").mkdir(exist_ok=True)
        rows = table.take(list(range(part, len(table), 4))[::-1])
        pq.write_table(rows, tmp_path / "subset.parquet" / f"{part}.parquet")
    for name in ("checked", "down"):
        (tmp_path / name).symlink_to(made.folder / name)
    again, out = made._replace(folder=tmp_path), tmp_path / "out"
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    with monkeypatch.context() as patch:
        commit, committed = RunFolder.commit_files, []

        def kill(*arguments: Any, **named: Any) -> Any:
            if committed:
                raise KeyboardInterrupt
            return committed.append(commit(*arguments, **named))

        patch.setattr(RunFolder, "commit_files", kill)
        with pytest.raises(AssertionError):
            again.shards(out, "--batch-files", "2")
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert committed and json.loads((out / "run.json").read_text())["state"] == "running"
    (out / "shards" / ".ballast-cut").write_bytes(b"of a task that was killed")
    before = [(out / path).stat().st_mtime_ns for path in committed[0].files]
    again.shards(out)
    assert [(out / path).stat().st_mtime_ns for path in committed[0].files] == before, "committed tars are left alone"
    assert contents(out) == contents(open_clip[0])


def test_every_caption_and_a_split_of_a_download_on_s3(spark, bucket, made, tmp_path):
    for path in (made.folder / "down").glob("*.tar"):
        s3_client().upload_file(str(path), bucket, f"down/{path.name}")
    flags = ["--captions", "all", "--split", "val=0.3", "--max-side", "40", "--strip-exif", "--upright"]
    record = made.shards(tmp_path / "out", "--downloaded", f"s3://{bucket}/down", *flags)
    apart = {uuid for uuid in made.images if uniform(image_hash(SPLIT, SEED, uuid)) < 0.3}
    assert 0 < len(apart) < len(made.images)
    counts = {}
    for folder, of_folder in (("val", apart), ("train", made.images.keys() - apart)):
        tars = sorted((tmp_path / "out" / "shards" / folder).glob("*.tar"))
        read = [sample for tar in tars for sample in samples(tar)]
        pairs = [
            (pair_hash(SHARD, SEED, p["uuid"], p["caption_hash"]), p) for p in made.pairs if p["uuid"] in of_folder
        ]
        expected = [pair for _, pair in sorted(pairs, key=lambda item: item[0])]
        texts = [(sample["__key__"].partition("-")[0], sample["text"].decode()) for sample in read]
        assert texts == [(pair["uuid"], pair["caption"]) for pair in expected]
        for sample in read:
            uuid, _, position = sample["__key__"].partition("-")
            assert captions_of(made, uuid)[int(position) - 1] == sample["text"].decode()
            told = json.loads(sample["told"])
            assert [pair["caption"] for pair in told["captions"]] == [told["caption"]]
            with Image.open(io.BytesIO(sample["image"])) as image:
                assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (40, 27), {})
            assert (told["width"], told["height"]) == (40, 27)
        counts[folder] = (len(tars), len(read))
    facts = record["stages"]["shards"]
    assert (facts["tars"], facts["samples"]) == counts["train"]
    assert (facts["apart"], facts["tars_apart"], facts["samples_apart"]) == ("val", *counts["val"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--layout", "metaclip", "--captions", "all"], "has all captions already"),
        (["--split", "train=0.1"], "--split train: is the name of the other folder"),
        (["--images", "none"], "none: no such folder"),
        (["--downloaded", ""], "--downloaded"),
    ],
)
def test_flags_that_do_not_fit(made, tmp_path, capsys, flags, message):
    subset = str(made.folder / "subset.parquet")
    command = ["shards", subset, "--images", str(made.folder / "checked"), "--out", str(tmp_path / "out"), *flags]
    with suppress(SystemExit):
        assert main(command) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
