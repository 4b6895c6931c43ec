"""The images of pairs in local files, by pyarrow: the same rows in the same order as `group.run` gives by Spark."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.steps.local_pairs import LocalPairs, order_of
from jobs.steps.pairs import Hashed
from udfs.hashing import PICK
from udfs.schemas import IMAGE


def images_of(pairs: LocalPairs, seed: int, max_captions: int) -> pa.Table:
    """One row per image (`schemas.IMAGE`), sorted by `uuid`; see `group.run`."""
    table = pairs.table(["uuid", "url", "caption"], Hashed(PICK, seed))
    keys = ["uuid", PICK, "caption"]
    captions = table.group_by(keys).aggregate([])
    captions = captions.take(order_of(captions, keys))
    images = table.group_by(["uuid"]).aggregate([("url", "min")])
    images = images.take(order_of(images, ["uuid"]))
    totals = pc.value_counts(captions.column("uuid")).field("counts").to_numpy()
    firsts = np.cumsum(totals) - totals
    listed = np.minimum(totals, max_captions)
    ends = np.cumsum(listed)
    # the places of the listed captions: from the first of each image on
    places = np.arange(listed.sum()) + np.repeat(firsts - (ends - listed), listed)
    texts = captions.column("caption").combine_chunks()
    offsets = pa.array(np.concatenate(([0], ends)), pa.int32())
    columns = [
        images.column("uuid"),
        images.column("url_min"),
        texts.take(firsts),
        pa.ListArray.from_arrays(offsets, texts.take(places)),
        totals,
    ]
    return pa.table(columns, schema=IMAGE)
