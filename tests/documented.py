"""The commands that the documentation shows: each `$ …` line of its ```console blocks, with the output shown for it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    {ROOT / "README.md", *(ROOT / "jobs/docs").glob("*.md"), *ROOT.glob("conf/**/*.md"), *ROOT.glob("tests/**/*.md")}
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """A command as a shell would see it, and the lines shown below it."""

    page: str
    line: str
    shown: list[str]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line)

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def blocks(page: Path, language: str) -> Iterator[str]:
    """The fenced blocks of a page in one language."""
    for found, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if found == language:
            yield text


def commands(page: Path) -> list[Command]:
    """The commands of a page in order; lines continued by a backslash are joined."""
    found: list[Command] = []
    name = page.relative_to(ROOT).as_posix()
    for block in blocks(page, "console"):
        for line in block.replace("\\\n", "").splitlines():
            if line.startswith("$ "):
                found.append(Command(name, " ".join(line[2:].split()), []))
            else:
                assert found, f"{name}: output before any command: {line}"
                found[-1].shown.append(line)
    return found


ALL = [command for page in PAGES for command in commands(page)]
