"""What SECURITY.md promises, as far as the code or one run can show it."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.console.registry import COMMANDS
from udfs.html.parsers import HTML_PARSERS

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for folder in ("conf", "jobs", "metadata", "udfs") for path in (ROOT / folder).rglob("*.py"))
REFUSED_MODULES = {"dill", "joblib", "lxml", "marshal", "pickle", "shelve", "xml", "yaml"}
"""Modules that run or fetch what their input names."""

NO_PARSERS = {"xml.etree.ElementTree.Element", "xml.etree.ElementTree.ParseError"}
"""Of these modules, the types that defusedxml returns and raises."""

REFUSED_CALLS = {"__import__", "compile", "eval", "exec", "mktemp", "os.popen", "os.system", "tempfile.mktemp"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_data_is_run_as_code(path):
    """Nothing is unpickled or evaluated, only defusedxml parses XML, no shell is started."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names = [".".join([*module, alias.name]) for alias in node.names]
            refused = [name for name in names if name.split(".")[0] in REFUSED_MODULES and name not in NO_PARSERS]
            assert not refused, f"line {node.lineno}: {refused}"
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in REFUSED_CALLS, f"line {node.lineno}"
            flags = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert flags.get("shell", "False") == "False", f"line {node.lineno}"
            assert flags.get("allow_pickle", "False") == "False", f"line {node.lineno}"


FILES = sorted({command.file for command in COMMANDS.values()} | {"jobs/cli.py"})


@pytest.mark.parametrize("file", FILES)
def test_a_copied_command_file_imports_nothing_from_around_it(tmp_path, file):
    """In cluster mode Spark copies the file to a folder below /tmp, where anybody may put a folder named jobs."""
    copied = tmp_path / "spark-5f3a"
    for hostile in (tmp_path / "jobs", copied / "jobs"):
        hostile.mkdir(parents=True)
        (hostile / "__init__.py").write_text("raise SystemExit('somebody else’s code ran')")
    shutil.copy(ROOT / file, copied)
    done = help_of(copied / Path(file).name, {"PYTHONPATH": str(ROOT)}, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "usage: ballast" in done.stdout


@pytest.mark.parametrize("file", ["jobs/cli.py", "jobs/curate.py", "jobs/metadata.py"])
def test_a_command_file_runs_by_its_path(tmp_path, file):
    """From another folder, with nothing of Ballast on the path. `tests/jobs/test_drivers.py` runs all of them so, by
    spark-submit."""
    done = help_of(ROOT / file, {}, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "usage: ballast" in done.stdout


def test_every_command_file_begins_with_the_same_guard():
    """It must stand in each file, since nothing can be imported before it; so this test keeps them equal."""
    guards = set()
    for file in FILES:
        node = ast.parse((ROOT / file).read_text(encoding="utf-8")).body[1]
        assert isinstance(node, ast.If), file
        (run,) = node.body[-1:]
        assert "cli.main([" in ast.unparse(run), file
        guards.add("\n".join(map(ast.unparse, [node.test, *node.body[:-1]])))
    assert len(guards) == 1


def help_of(path: Path, further: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, path, "--help"]
    return subprocess.run(command, env={**environment, **further}, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("name", HTML_PARSERS)
def test_entities_of_a_page_are_never_fetched(name, tmp_path):
    """HTML parsers treat an external entity as plain text, even on a page that claims to be XHTML."""
    secret = tmp_path / "secret.txt"
    secret.write_text("what the file holds")
    page = f'<!DOCTYPE html [<!ENTITY e SYSTEM "{secret.as_uri()}">]><body><img src="/a.jpg" alt="&e; shown"></body>'
    parsed = repr(HTML_PARSERS[name](page.encode()))
    assert "&e; shown" in parsed
    assert "what the file holds" not in parsed
