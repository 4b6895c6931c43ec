"""The output of `check` as an input: its rows, and the download in which the images lie."""

from typing import NamedTuple

from jobs.runs.run_record_file import record_of
from jobs.runs.step_input import Source, open_source
from udfs.errors import UsageError
from udfs.image_schemas import CHECKED
from udfs.stages import Stage

_NEEDED = (
    *("uuid", "status", "shard", "offset", "bytes", "sha256"),
    *("format", "width", "height", "original_width", "original_height", "orientation", "orientation_lost"),
)


class CheckedImages(NamedTuple):
    """The rows of `check` (`image_schemas.CHECKED` with carried columns), the folder of the download, and whether
    `check` converted colours by ICC profiles."""

    source: Source
    download: str
    icc: bool

    @property
    def carried(self) -> list[str]:
        """The columns that --carry took over."""
        return [name for name in self.source.columns if name not in CHECKED.names]


def is_checked(path: str) -> bool:
    """Whether a path is the output folder of `check`, or its folder `checked`."""
    record = record_of(path)
    return record is not None and record.stages.checked is not None


def open_checked(path: str, downloaded: str | None) -> CheckedImages:
    """Open the output folder of `check`, or its folder `checked`, which `--images` names. `downloaded` is where the
    download lies now, if it was moved. Raises `UsageError` for anything else."""
    if not path:
        raise UsageError("--images: missing: name the output folder of check")
    source = open_source(path, (Stage.CHECKED,), _NEEDED)
    record = record_of(path)
    download = downloaded or (record.download if record is not None else None)
    if download is None:
        raise UsageError(f"{path}: does not say where the download lies: name its folder with --downloaded")
    icc = record is not None and bool(record.setting("icc", False))
    return CheckedImages(source, download, icc)
