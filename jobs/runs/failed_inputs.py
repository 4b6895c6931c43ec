"""A run that could read none of its input files is no success: it ends with an error that says why."""

import io
import re
from collections import Counter

import pyarrow.parquet as pq

from jobs.runs.run_folder import RunFolder
from udfs.errors import BallastError
from udfs.outcomes import FileStatus
from udfs.stages import InputFacts, Stage

NUMBER = r"\d[\d,]*"
"""What two errors may differ in and still be the same reason."""


def check_inputs_read(run_folder: RunFolder, stage: Stage = Stage.FILES) -> None:
    """Raise `BallastError`, with the most frequent reason, if all input files of a run failed. `stage` has their rows.
    Needs no Spark."""
    facts = run_folder.record.stages.facts(stage)
    if not isinstance(facts, InputFacts) or facts.ended(FileStatus.FAILED) < facts.files:
        return
    rows = []
    for name in run_folder.files(stage):
        data = run_folder.storage.read(name) or b""
        rows += pq.read_table(io.BytesIO(data), columns=["path", "error"]).to_pylist()
    reasons = Counter(_reason(row["error"]) for row in rows)
    most_frequent, files = reasons.most_common(1)[0]
    example = next(row for row in rows if _reason(row["error"]) == most_frequent)
    if facts.files == 1:
        raise BallastError(f"the input file could not be read: {example['path']}: {example['error']}")
    others = "" if files == facts.files else f"; {files:,} of them"
    raise BallastError(
        f"none of the {facts.files:,} input files could be read{others}: {example['error']} (such as "
        f"{example['path']}); {run_folder.storage.root}/{stage}/ has each reason"
    )


def _reason(error: str | None) -> str:
    return re.sub(NUMBER, "…", error or "")
