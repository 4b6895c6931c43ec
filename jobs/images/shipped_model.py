"""A model on every executor: the driver's files are copied there, and each worker process loads them once."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple

from pyspark import SparkContext, SparkFiles, TaskContext

from jobs.spark.shipped_files import ship_file
from udfs.models.clip_model import ClipModel
from udfs.models.devices import choose_device
from udfs.models.load_clip import load_clip
from udfs.models.model_folder import ModelFolder, open_model

if TYPE_CHECKING:
    from udfs.models.score_head import ScoreHead

_GPU = "gpu"  # Spark's name of the resource
_THREADS = 1  # a task has one core


class LoadedModel(NamedTuple):
    """A model and its heads by their columns, loaded in this process."""

    model: ClipModel
    heads: "dict[str, ScoreHead]"


class ShippedModel(NamedTuple):
    """The names under which Spark has the files of a model, by their names in its folder, and those of the heads, by
    their columns. `key` differs for other contents; `device` is that of --device."""

    key: str
    files: tuple[tuple[str, str], ...]
    heads: tuple[tuple[str, str], ...]
    device: str

    def load(self) -> LoadedModel:
        """The model in a worker, on the GPU that Spark gave the task, if it gave one."""
        task = TaskContext.get()
        gpu = task.resources().get(_GPU) if task is not None else None
        return _loaded(self, int(gpu.addresses[0]) if gpu is not None else 0)


def ship_model(context: SparkContext, model: ModelFolder, heads: Mapping[str, Path], device: str) -> ShippedModel:
    """Have every executor get copies of a model's files and its heads."""
    key = model.fingerprint()[:16]
    files = [
        (name, ship_file(context, str(model.path / name), f"{key}-{number}")) for number, name in enumerate(model.files)
    ]
    shipped = [
        (name, ship_file(context, str(path), f"{sha256(path.read_bytes()).hexdigest()[:16]}.onnx"))
        for name, path in heads.items()
    ]
    return ShippedModel(key, tuple(files), tuple(shipped), device)


@lru_cache(maxsize=1)
def _loaded(shipped: ShippedModel, gpu: int) -> LoadedModel:
    from udfs.models.score_head import ScoreHead

    folder = open_model(str(_folder(shipped)))
    device = choose_device(shipped.device, folder.weights.engine, gpu)
    heads = {
        name: ScoreHead(name, Path(SparkFiles.get(file)), device=device, threads=_THREADS)
        for name, file in shipped.heads
    }
    return LoadedModel(load_clip(folder, device=device, threads=_THREADS), heads)


def _folder(shipped: ShippedModel) -> Path:
    """The model's folder, laid out again. Processes of one executor share it."""
    folder = Path(SparkFiles.getRootDirectory(), f"ballast-model-{shipped.key}")
    if not folder.exists():
        made = Path(mkdtemp(prefix="ballast-model-", dir=SparkFiles.getRootDirectory()))
        for name, file in shipped.files:
            target = made / name
            target.parent.mkdir(exist_ok=True)
            _link(SparkFiles.get(file), target)
        with suppress(OSError):  # another process was first
            made.rename(folder)
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _link(source: str, target: Path) -> None:
    """Another name of a file, no symbolic link: onnxruntime refuses those for the numbers of large graphs."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)
