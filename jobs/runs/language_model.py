"""The user's language model, wherever it is. Needs no Spark."""

import atexit
import shutil
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from jobs.runs.open_storage import open_storage
from udfs.captions.language import LanguageModel, read_language_model
from udfs.errors import UsageError
from udfs.storage.addresses import LOCAL, kind_of, local_path, name_of, parent_of, redacted

_READ_BYTES = 64 << 20


def load_language_model(address: str | None) -> LanguageModel | None:
    """The model of `--language-model`, None without it. One that is not local is first copied to a temporary file,
    which is deleted when the process ends.

    Raises `UsageError`, in one line, for a file that is missing, or is no fastText model that predicts labels.
    """
    if address is None:
        return None
    if kind_of(address) == LOCAL:
        return read_language_model(local_path(address), f"--language-model {address}")
    return read_language_model(str(_local_copy(address)), f"--language-model {redacted(address)}")


def _local_copy(address: str) -> Path:
    storage, name = open_storage(parent_of(address)), name_of(address)
    copy = Path(mkdtemp(dir=_scratch()), "model.bin")  # an earlier one may still be copied to executors
    try:
        size = storage.stat(name).bytes
        with copy.open("wb") as file:
            for start in range(0, size, _READ_BYTES):
                file.write(storage.read_part(name, start, min(_READ_BYTES, size - start)))
    except FileNotFoundError as error:
        raise UsageError(f"--language-model {redacted(address)}: no such file") from error
    return copy


@lru_cache(maxsize=1)
def _scratch() -> Path:
    """A folder for copies, deleted when the process ends: executors that join late get theirs from it."""
    folder = Path(mkdtemp(prefix="ballast-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
