"""Runs commands one after another in one process and one Spark session, in the working folder.

The words of the commands come as JSON on standard input; a line of JSON for each goes to standard output.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

import loopback_download  # noqa: E402

from jobs.cli import main  # noqa: E402
from jobs.settings.groups import Execution  # noqa: E402
from jobs.spark.session import spark_session  # noqa: E402

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
    """In place of img2dataset: a download from a server on loopback, in its layout."""
    images = pq.read_table(flags["--url_list"], columns=["uuid", "url", "caption"]).to_pylist()
    loopback_download.download(images, Path(flags["--output_folder"]), flags["--output_format"])
    return 0


with spark_session(SESSION, "documented"):
    for words in json.load(sys.stdin):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = run(words)
        print(json.dumps({"status": status, "printed": printed.getvalue()}), flush=True)
