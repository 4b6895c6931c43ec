"""From a downloaded shard to tagged rows: one for each sample, then one that counts what became of them."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from udfs.hashing import file_id
from udfs.image_outcomes import IMAGE_COUNTERS, SAMPLES, ImageOutcome
from udfs.image_schemas import CHECKED_FILE, IMAGE_READ, tagged_images, with_carried
from udfs.images.examination import Examined, examine
from udfs.images.facts import Facts
from udfs.images.guarded_decode import GuardedExaminer
from udfs.images.metadata import one_line
from udfs.images.options import CheckOptions
from udfs.images.samples import Sample
from udfs.images.shard_files import OpenFile, ShardDamage, ShardFiles
from udfs.images.shard_samples import shard_samples
from udfs.images.shards import ImageShard
from udfs.outcomes import FileStatus
from udfs.stages import KIND_FILE, KIND_IMAGE

BATCH_ROWS = 500
Row = tuple[Any, ...]


class Checker:
    """Checks shards one at a time, in one process. `schema` is that of the batches (`image_schemas.tagged_images`)."""

    def __init__(self, options: CheckOptions) -> None:
        self._options = options
        self._guard = GuardedExaminer(options.limits) if options.guarded else None
        self.image_schema = with_carried(IMAGE_READ, options.carried)
        self.schema = tagged_images(self.image_schema)

    def rows(self, shard: ImageShard, open_file: OpenFile) -> Iterator[pa.RecordBatch]:
        """Tagged batches of one shard: images in its order, at most 500 a batch, then the shard's own row.

        Never raises for what the shard holds: a damaged one ends as `partial`, or as `failed` if it has no sample that
        can be read, with the reason. Raises what the source raises for all its files (`SourceRefused`).
        """
        began = time.perf_counter()
        files = ShardFiles(open_file)
        counts: Counter[str] = Counter()
        rows: list[Row] = []
        error: str | None = None
        try:
            for sample in shard_samples(shard, files, self._options):
                rows.append(self._row(sample, counts))
                if len(rows) == BATCH_ROWS:
                    batch, rows = self._image_batch(rows, shard), []
                    handed_over = time.perf_counter()
                    yield batch
                    began += time.perf_counter() - handed_over
        except (ShardDamage, OSError) as damage:
            error = one_line(damage)
        seconds = time.perf_counter() - began
        if rows:
            yield self._image_batch(rows, shard)
        status = FileStatus.OK if error is None else FileStatus.PARTIAL if counts[SAMPLES] else FileStatus.FAILED
        file_row = {
            "path": shard.path,
            "status": status.value,
            SAMPLES: counts[SAMPLES],
            **{counter.value: counts[counter] for counter in IMAGE_COUNTERS},
            "bytes": files.bytes_read,
            "seconds": seconds,
            "error": error,
        }
        yield self._file_batch(file_row, shard)

    def close(self) -> None:
        """End the child process of guarded decoding."""
        if self._guard is not None:
            self._guard.close()

    def _row(self, sample: Sample, counts: Counter[str]) -> Row:
        """The row of a sample, in the order of `image_schema`; `counts` gets its outcome."""
        facts = sample.facts or Facts()
        examined, sha256 = Examined(sample.outcome or ImageOutcome.NO_IMAGE, sample.error), None
        if sample.image is not None:
            examine_image = self._examine if self._guard is None else self._guard.examine
            examined = examine_image(sample.image, facts.orientation)
            sha256 = hashlib.sha256(sample.image).hexdigest()
        outcome, error = examined.outcome, examined.error
        if outcome is ImageOutcome.SUCCESS and facts.uuid is None:
            outcome, error = ImageOutcome.NO_ID, facts.problem
        counts[SAMPLES] += 1
        counts[outcome] += 1
        for trait in examined.traits:
            counts[trait] += 1
        width, height = examined.width, examined.height
        return (
            facts.uuid,
            facts.url,
            outcome.value,
            sample.shard,
            sample.key,
            sample.offset,
            sample.size,
            examined.format,
            examined.mode,
            width,
            height,
            facts.original_width,
            facts.original_height,
            max(width, height) / min(width, height) if width and height else None,
            examined.orientation,
            examined.orientation_lost,
            examined.frames,
            examined.alpha,
            sha256,
            examined.phash,
            examined.chroma,
            examined.ink,
            error,
            *(facts.carried or (None,) * len(self._options.carry)),
        )

    def _examine(self, image: bytes, told_orientation: int | None) -> Examined:
        return examine(image, self._options.limits, told_orientation)

    def _image_batch(self, rows: list[Row], shard: ImageShard) -> pa.RecordBatch:
        columns = [
            pa.array(column, field.type)
            for column, field in zip(zip(*rows, strict=True), self.image_schema, strict=True)
        ]
        ids = pa.repeat(pa.scalar(file_id(shard.path), pa.int64()), len(rows))
        files = pa.nulls(len(rows), self.schema.field("file").type)
        kinds = pa.repeat(pa.scalar(KIND_IMAGE), len(rows))
        return pa.RecordBatch.from_arrays([*columns, ids, files, kinds], schema=self.schema)

    def _file_batch(self, row: dict[str, Any], shard: ImageShard) -> pa.RecordBatch:
        columns = [pa.nulls(1, field.type) for field in self.image_schema]
        ids = pa.array([file_id(shard.path)], pa.int64())
        files = pa.array([row], pa.struct(list(CHECKED_FILE)))
        return pa.RecordBatch.from_arrays([*columns, ids, files, pa.array([KIND_FILE])], schema=self.schema)
