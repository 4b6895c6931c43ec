"""Read the columns of a pool and a subset that a report needs, and discard the rows."""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # the checkout, when Ballast is not installed

from jobs.console.command import Parser
from jobs.console.commands.lookups import REPORT
from jobs.settings.flags import add_flags
from jobs.spark.session import spark_session

_SHOWN = ("url", "caption", "page_url")  # of twenty pairs of each
_POOL = ("uuid", "caption_hash", "entry_ids", "lang", *_SHOWN)
_SUBSET = (*_POOL, "keep_prob")


def main(argv: Sequence[str] | None = None) -> int:
    parser = Parser(prog="read_columns.py")
    parser.add_argument("pool", help="folder of a pool's Parquet files")
    parser.add_argument("subset", help="folder of a subset's")
    add_flags(parser, REPORT.settings)
    arguments = parser.parse_args(argv)
    with spark_session(REPORT.resolve(arguments).execution, "read") as spark:
        for folder, columns in ((arguments.pool, _POOL), (arguments.subset, _SUBSET)):
            spark.read.parquet(folder).select(*columns).write.format("noop").mode("overwrite").save()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
