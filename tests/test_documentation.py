"""The documentation: every command that it shows is valid; every page, test and message that it names exists."""

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from documented import ALL, PAGES, ROOT, Command, blocks

from jobs import dist
from jobs.console.registry import COMMANDS, FAMILIES, name_in

DOCS = ROOT / "jobs/docs"
SOURCES = [path for folder in ("jobs", "udfs", "metadata") for path in (ROOT / folder).rglob("*.py")]
SPARK_SUBMIT_FLAGS = {"--master", "--properties-file", "--py-files", "--archives", "--conf", "--deploy-mode"}
MADE_BY_DIST = "ballast_submit.py"


def check_ballast(words: Sequence[str]) -> None:
    """`ballast WORDS`, by the parser of the command itself."""
    name = name_in(words)
    assert name is not None, words
    named = COMMANDS[name]
    arguments = named.parse(words[len(name.split()) :])
    named.resolve(arguments)
    if arguments.rest:  # flags of the step that is rendered
        COMMANDS["curate"].parse(["INPUT", *arguments.rest])


def check_make(words: Sequence[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets and words[0] in targets[1].split()
    for word in words[1:]:
        variable, _, value = word.partition("=")
        assert f"$({variable})" in makefile
        if variable == "DIST_FLAGS":
            dist.command_parser().parse_args(shlex.split(value))
        elif variable == "BENCH_FLAGS":  # run.py imports what only benchmarks need: look for the names in its text
            script = (ROOT / "tests/benchmarks/run.py").read_text(encoding="utf-8")
            names = [name for name in shlex.split(value) if not re.search(r"[\d.]", name)]
            assert all(f'"{name}"' in script for name in names)


def check_spark_submit(words: Sequence[str]) -> None:
    """Flags of spark-submit, each with a value, then a job file or the one that `make dist` makes, and its flags."""
    at = next(place for place, word in enumerate(words) if word.endswith(".py"))
    assert set(words[0:at:2]) <= SPARK_SUBMIT_FLAGS
    if words[at] == MADE_BY_DIST:
        check_ballast(words[at + 1 :])
    else:
        assert (ROOT / words[at]).is_file()
        check_ballast([Path(words[at]).stem, *words[at + 1 :]])
    for name in words[1:at:2]:
        assert not name.startswith("conf/") or (ROOT / name).is_file()


def check_docker(words: Sequence[str]) -> None:
    named = [word for flag, word in pairwise(words) if flag == "-f"]
    assert all((ROOT / name).is_file() for name in named)
    if words[0] == "run":
        check_ballast(words[words.index("ballast") + 1 :])


def check_img2dataset(words: Sequence[str]) -> None:
    flags = dict(zip(words[::2], words[1::2], strict=True))
    assert {"--url_list", "--url_col", "--caption_col", "--save_additional_columns"} <= flags.keys()
    assert "uuid" in json.loads(flags["--save_additional_columns"])


def quoted_flags(script: Path) -> list[str]:
    return re.findall(r'"(--[a-z][\w-]*)"', script.read_text(encoding="utf-8"))


def check_python(words: Sequence[str]) -> None:
    if words[0] == "-c":
        ast.parse(words[1])
        return
    script = ROOT / words[0]  # of the benchmarks: it imports what only they need
    assert {word for word in words if word.startswith("--")} <= set(quoted_flags(script))


def check_pip(words: Sequence[str]) -> None:
    """Ballast itself, from a checkout or a built wheel; nothing by a name that somebody else owns on PyPI."""
    verb, target = words
    path, _, extra = target.partition("[")
    assert verb == "install" and path in {".", "dist/*.whl"}
    assert not extra or f'"{extra.removesuffix("]")}": ' in (ROOT / "setup.py").read_text(encoding="utf-8")


PROGRAMS = {
    "ballast": check_ballast,
    "make": check_make,
    "pip": check_pip,
    "spark-submit": check_spark_submit,
    "docker": check_docker,
    "img2dataset": check_img2dataset,
    "python": check_python,
}


@pytest.mark.parametrize("command", ALL, ids=str)
def test_every_documented_command_is_valid(command: Command, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    program, *words = command.words
    try:
        PROGRAMS[program](words)
    except SystemExit as error:
        pytest.fail(f"{command}: {capsys.readouterr().err or error}")


def test_every_checked_program_is_documented():
    assert set(PROGRAMS) == {command.words[0] for command in ALL}


def test_the_readme_begins_with_the_demo_and_the_tests():
    readme = [command.line for command in ALL if command.page == "README.md"]
    assert readme[:2] == ["make demo", "make test"]


def test_every_command_and_flag_that_a_page_names_exists():
    """Also in the running text: `ballast trace URL DIR`, `--t N`."""
    parsers = [*(named.parser() for named in COMMANDS.values()), dist.command_parser()]
    known = {flag for parser in parsers for action in parser._actions for flag in action.option_strings}
    first_words = FAMILIES.keys() | COMMANDS.keys()
    known |= SPARK_SUBMIT_FLAGS | {"--version", "--cli-input-json"}  # of ballast itself, of aws
    scripts = [*(ROOT / "tests/benchmarks").glob("*.py"), ROOT / "tests/hadoop/s3a/s3_requests.py"]
    known |= {flag for script in scripts for flag in quoted_flags(script)}
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        code = " ; ".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text(encoding="utf-8")))
        flags = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", code))
        names = set(re.findall(r"(?<![\w./])ballast ([a-z][\w-]*)", code))
        assert flags <= known, f"{page.name}: {flags - known}"
        assert names <= first_words, f"{page.name}: {names - first_words}"


def test_no_page_installs_somebody_elses_package():
    for page in PAGES:
        targets = re.findall(r"pip install +['\"]?([\w./*-]+)", page.read_text(encoding="utf-8"))
        assert "ballast" not in targets, page.name


def test_every_test_that_a_page_names_exists():
    """By its file, whole path or last part, and its function where one is named."""
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py")}
    for page in PAGES:
        for name, function in re.findall(r"([\w/]*\btest_\w+\.py)(?:::(\w+))?", page.read_text(encoding="utf-8")):
            texts = [text for path, text in files.items() if f"/{path}".endswith(f"/{name}")]
            assert texts, f"{page.name}: {name}"
            assert any(f"def {function}(" in text for text in texts) or not function, f"{page.name}: {function}"


def test_every_link_resolves_and_the_readme_links_every_page():
    linked = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        targets = re.findall(r"\]\(([^)\s]+)\)", text)
        local = [target for target in targets if not target.startswith(("http", "#"))]
        for target in local:
            path, _, anchor = target.partition("#")
            place = page.parent / path
            assert place.is_file(), f"{page.name}: {target}"
            if anchor:
                heads = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target
        linked[page] = {(page.parent / target.partition("#")[0]).resolve() for target in local}
    assert set(DOCS.glob("*.md")) <= linked[ROOT / "README.md"]


def test_the_configurations_shown_are_toml():
    for page in PAGES:
        for block in blocks(page, "toml"):
            tomllib.loads(block)


def texts_of_the_code() -> set[str]:
    """Every string in the code, with … for what varies in f-strings."""
    texts = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                texts.add("".join(_text_of(part, named) for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return texts


def _text_of(part: ast.expr, named: dict[str, object]) -> str:
    """The text of a part of an f-string: its own, that of a constant of the module, or …"""
    if isinstance(part, ast.Constant):
        return str(part.value)
    inner = part.value if isinstance(part, ast.FormattedValue) else None
    return str(named.get(inner.id, "…")) if isinstance(inner, ast.Name) else "…"


def quoted_messages() -> list[str]:
    """The text in backticks in the first column of the tables of troubleshooting."""
    lines = (DOCS / "TROUBLESHOOTING.md").read_text(encoding="utf-8").splitlines()
    cells = [line.split(" | ")[0] for line in lines if line.startswith("| `")]
    return [message.replace("\\|", "|") for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


NOT_OURS = {
    "Python in worker has different version",
    "No module named 'pyarrow'",
    "No space left on device",
    "Python worker exited unexpectedly (crashed)",
    "java.lang.OutOfMemoryError: Java heap space",
    "404 Not Found",
}
"""Messages of Spark, Java and Python that Ballast passes on."""


def test_every_quoted_message_is_in_the_code():
    """The pieces between the … of a message are in one string of the code, in that order."""
    texts = "\0".join(texts_of_the_code())
    messages = quoted_messages()
    assert len(messages) > 50 and set(messages) > NOT_OURS
    for message in set(messages) - NOT_OURS:
        pieces = [re.escape(piece.strip()) for piece in message.split("…") if piece.strip(" :(),;")]
        assert re.search(r"[^\0]*?".join(pieces), texts), message
