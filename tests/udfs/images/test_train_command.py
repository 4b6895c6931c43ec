"""The command that trains on tars: webdataset finds in it exactly the tars that were written."""

import pytest
import webdataset

from udfs.image_stages import ShardsFacts
from udfs.images.layouts import Layout, tar_path
from udfs.images.train_command import train_command


def facts(tars: int, **apart: object) -> ShardsFacts:
    return ShardsFacts(tars=tars, samples=tars * 10 - 3, pairs=1, bytes=1, encoded_again=0, **apart)


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


@pytest.mark.parametrize("tars", [1, 2, 42, 100_001])
def test_the_names_of_the_tars(tars):
    command = train_command("/my data/out", facts(tars))
    found = webdataset.shardlists.expand_urls(option(command, "--train-data"))
    assert found == [f"/my data/out/{tar_path(Layout.OPEN_CLIP, 'shards', n, tars)}" for n in range(tars)]
    assert option(command, "--train-num-samples") == str(tars * 10 - 3)
    assert "--val-data" not in command


def test_images_set_apart():
    command = train_command("out", facts(2, apart="val", tars_apart=1, samples_apart=4))
    assert option(command, "--train-data") == "out/shards/train/{00000..00001}.tar"
    assert (option(command, "--val-data"), option(command, "--val-num-samples")) == ("out/shards/val/00000.tar", "4")
    assert "--val-data" not in train_command("out", facts(2, apart="val", tars_apart=0, samples_apart=0))


def test_tars_on_a_server_come_through_a_pipe():
    assert option(train_command("s3://b/x", facts(2)), "--train-data") == (
        "pipe:aws s3 cp s3://b/x/shards/{00000..00001}.tar -"
    )
    assert (
        option(train_command("hdfs://n/x", facts(1)), "--train-data")
        == "pipe:hdfs dfs -cat hdfs://n/x/shards/00000.tar"
    )
