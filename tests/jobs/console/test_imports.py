"""What a command imports: who asks for help, or looks something up, does not wait for Spark."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.console.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"boto3", "botocore", "matplotlib", "numpy", "pandas", "pyarrow", "pyspark"}
RUN = """
import contextlib, io, json, sys
from jobs.cli import main

for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(words)
print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]))
"""


def heavy_after(*commands: list[str]) -> set[str]:
    """The heavy packages that a process has imported after these commands."""
    run = [sys.executable, "-c", RUN, json.dumps(commands), json.dumps(sorted(HEAVY))]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_and_the_errors_of_a_command_line_import_settings_only():
    helps = [[*name.split(), "--help"] for name in COMMANDS]
    assert not heavy_after([], ["--help"], ["--version"], ["no-such-command"], ["curate", "--no-such-flag"], *helps)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_what_a_command_names_is_there(command):
    from importlib import import_module

    module, _, function = command.work.partition(":")
    assert callable(getattr(import_module(module), function))
    assert (ROOT / command.file).is_file()


def test_looking_up_a_caption_or_a_list_imports_no_heavy_package(tmp_path):
    entries = tmp_path / "entries.txt"
    entries.write_text("red car\nblue car\n", encoding="utf-8")
    assert not heavy_after(
        ["explain", "A red car", "--metadata", str(entries)],
        ["metadata", "show", str(entries)],
        ["metadata", "diff", str(entries), str(entries)],
        ["metadata", "import", str(entries), "--out", str(tmp_path / "list.json")],
    )


def test_looking_up_files_of_this_machine_imports_neither_spark_nor_boto3(tmp_path):
    counts, page = tmp_path / "counts.parquet", tmp_path / "page.warc.gz"
    pq.write_table(pa.table({"entry_id": [0], "entry": ["car"], "count": [9]}), counts)
    imported = heavy_after(
        ["sample", str(page), "--pages", "2"],
        ["inspect", str(page)],
        ["explain", "A car", "--counts", str(counts), "--t", "3"],
        ["plan", str(tmp_path / "missing")],
        ["trace", "https://a.example/b.jpg", str(tmp_path)],
    )
    assert imported <= {"numpy", "pyarrow", "pandas"}  # pyarrow imports pandas itself, when it makes an array
