"""How open_clip is told to read training tars."""

from udfs.image_stages import ShardsFacts
from udfs.images.layouts import TRAIN, Layout, tar_path
from udfs.storage.addresses import S3, is_hdfs, join, kind_of

TRAINER = "python"
_PROGRAM = [TRAINER, "-m", "open_clip_train.main", "--dataset-type", "webdataset"]


def train_command(out: str, facts: ShardsFacts) -> list[str]:
    """The command that trains on the tars in an output folder, which have the layout open-clip, and validates on those
    that were set apart. The model and all else is the user's."""
    stage = facts.stage.value
    if facts.apart is None:
        return [*_PROGRAM, "--train-data", _tars(out, stage, facts.tars), "--train-num-samples", str(facts.samples)]
    command = [*_PROGRAM, "--train-data", _tars(out, f"{stage}/{TRAIN}", facts.tars)]
    command += ["--train-num-samples", str(facts.samples)]
    if facts.tars_apart:
        command += ["--val-data", _tars(out, f"{stage}/{facts.apart}", facts.tars_apart)]
        command += ["--val-num-samples", str(facts.samples_apart)]
    return command


def _tars(out: str, folder: str, tars: int) -> str:
    """The tars of a folder as webdataset names them, such as `{00000..00041}.tar`."""
    first, last = (tar_path(Layout.OPEN_CLIP, folder, number, tars).rpartition("/")[2][:-4] for number in (0, tars - 1))
    address = join(out, f"{folder}/{first if tars == 1 else f'{{{first}..{last}}}'}.tar")
    if kind_of(out) == S3:
        return f"pipe:aws s3 cp {address} -"
    return f"pipe:hdfs dfs -cat {address}" if is_hdfs(out) else address
