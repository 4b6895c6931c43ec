"""What a command imports: who asks for help, or looks something up, does not wait for Spark."""

import json
import subprocess
import sys
from pathlib import Path

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
