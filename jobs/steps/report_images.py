"""Thumbnails of a report: downloaded images of the run's pairs."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobs.steps.pairs import Pairs
from udfs.report.downloaded import MOST_SHOWN, find_downloaded, spread, thumbnail_uri
from udfs.report.figures import Thumbnail, Thumbnails
from udfs.sums import Sums, counted, of_kind

_UUID = "uuid"


def thumbnails(folder: str, pairs: Sequence[Pairs]) -> Thumbnails:
    """Forty images that were downloaded to a folder and belong to one of these sets of pairs: one pass over the uuids
    of each. Raises `UsageError` for a folder without images."""
    found = find_downloaded(folder)
    uuids = pa.array({image.uuid for image in found}, pa.string())

    def measure(batch: pa.RecordBatch) -> Sums:
        column = batch.column(_UUID)
        return counted(_UUID, column.filter(pc.is_in(column, uuids)))

    of_run = {uuid for each in pairs for uuid in of_kind(each.sums([_UUID], measure), _UUID)}
    wanted = [image for image in spread(found) if image.uuid in of_run]
    shown: list[Thumbnail] = []
    damaged = 0
    for image in wanted:
        if len(shown) == MOST_SHOWN:
            break
        data_uri = thumbnail_uri(image.read())
        if data_uri is None:
            damaged += 1
        else:
            shown.append(Thumbnail(data_uri, image.caption, image.url))
    return Thumbnails(shown, damaged, len(found) - len(wanted))
