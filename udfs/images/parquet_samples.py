"""The samples of a Parquet file: a row each, with the image's bytes in a column, or img2dataset's metadata alone."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from udfs.images.facts import facts_of
from udfs.images.image_column import BYTES_FIELD, image_column
from udfs.images.metadata import metadata_columns, one_line, sample_without_image
from udfs.images.options import CheckOptions
from udfs.images.samples import Sample, too_many_bytes
from udfs.images.shard_files import ShardDamage

_ROWS = 32  # with their images


def parquet_samples(file: BinaryIO, path: str, options: CheckOptions) -> Iterator[Sample]:
    """The samples of the Parquet file `path`, in the order of its rows. Raises `ShardDamage`, after the samples that
    precede the damage."""
    try:
        parquet = pq.ParquetFile(file, pre_buffer=False)
        schema = parquet.schema_arrow
        found = image_column(schema)
        columns = metadata_columns(schema, options.carry)
        if found is None and "key" not in columns and "url" not in columns:
            raise ShardDamage("holds neither images nor img2dataset's metadata")
        number = 0
        for batch in parquet.iter_batches(_ROWS, columns=[*columns, *([] if found is None else [found])]):
            batch.validate(full=True)  # texts may not be UTF-8
            for row in batch.to_pylist():
                yield _sample(row, number, path, found, options)
                number += 1
    except (pa.ArrowException, OSError) as error:
        raise ShardDamage(one_line(error)) from error


def _sample(row: dict[str, Any], number: int, path: str, column: str | None, options: CheckOptions) -> Sample:
    key = str(number) if row.get("key") is None else str(row["key"])
    image = None if column is None else row[column]
    if isinstance(image, dict):
        image = image[BYTES_FIELD]
    if image is None:
        return sample_without_image(row, key, path, options.carry, "no image in its row")
    facts = facts_of(row, options.carry)
    if len(image) > options.limits.max_bytes:
        return too_many_bytes(key, path, facts, number, len(image))
    return Sample(key, path, facts, number, len(image), image)
