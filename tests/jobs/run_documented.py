"""Runs commands one after another in one process and one Spark session, in the working folder.

The words of the commands come as JSON on standard input; a line of JSON for each goes to standard output.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.cli import main
from jobs.settings.groups import Execution
from jobs.spark.session import spark_session

SESSION = Execution(master="local[2]", spark_conf=("spark.sql.shuffle.partitions=2", *sys.argv[1:]))


def run(words: list[str]) -> int:
    program, *arguments = words
    if program == "python":
        exec(arguments[1], {})
        return 0
    if program == "img2dataset":
        return download(dict(zip(arguments[::2], arguments[1::2], strict=True)))
    return main(["demo"] if words == ["make", "demo"] else arguments)


def download(flags: dict[str, str]) -> int:
    """In place of img2dataset: its metadata, as if every fifth image were gone and every seventh small."""
    images = pq.read_table(flags["--url_list"], columns=["uuid", "url", "caption"]).to_pylist()
    rows = [
        {
            **image,
            "status": "failed_to_download" if number % 5 == 0 else "success",
            "original_width": 100 if number % 7 == 0 else 640,
        }
        for number, image in enumerate(images)
    ]
    Path(flags["--output_folder"]).mkdir()
    pq.write_table(pa.Table.from_pylist(rows), Path(flags["--output_folder"]) / "00000.parquet")
    return 0


with spark_session(SESSION, "documented"):
    for words in json.load(sys.stdin):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = run(words)
        print(json.dumps({"status": status, "printed": printed.getvalue()}), flush=True)
