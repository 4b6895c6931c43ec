"""Completion in the real shells: what each offers after the beginning of a command line. A shell that is not installed
is skipped."""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from pools import document_of, run

OFFERED = [
    ("ballast cur", {"curate"}),
    ("ballast metadata sh", {"show"}),
    ("ballast metadata w", {"wordnet"}),
    ("ballast emr ", {"render"}),
    ("ballast curate x.warc.gz --pre", {"--preset"}),
    ("ballast curate x.warc.gz --preset ", {"400m", "2.5b"}),
    ("ballast curate x.warc.gz --config se", {"settings.toml"}),
    ("ballast curate x.warc.gz --out run --overwrite --pairs ", {"paper", "rich"}),
    ("ballast plan run --t 5 --js", {"--json"}),
    ("ballast curate x", {"x.warc.gz"}),
    ("ballast completion ", {"bash", "zsh", "fish"}),
]
BASH = """
words=($LINE); [[ $LINE == *" " ]] && words+=("")
COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1)) COMP_LINE=$LINE COMP_POINT=${#LINE}
_shtab_ballast
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with inputs, and the script of each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for name in ("x.warc.gz", "settings.toml"):
        (folder / name).touch()
    return folder


@pytest.fixture
def script(folder, capsys):
    def write(shell: str, name: str) -> Path:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        assert run("completion", shell) == 0
        (folder / "scripts").mkdir(exist_ok=True)
        path = folder / "scripts" / name
        path.write_text(capsys.readouterr().out, encoding="utf-8")
        return path

    return write


def lines_of(folder: Path, *command: object, **environment: str) -> list[str]:
    env = {**os.environ, **environment}
    done = subprocess.run(list(map(str, command)), cwd=folder, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash(folder, script):
    path = script("bash", "ballast.bash")
    for line, offered in OFFERED:
        assert set(lines_of(folder, "bash", "-c", f"source {path}\n{BASH}", LINE=line)) == offered, line


def test_fish(folder, script):
    path = script("fish", "ballast.fish")
    for line, offered in OFFERED:
        found = lines_of(folder, "fish", "--no-config", "-c", f"source {path}; complete -C $LINE", LINE=line)
        assert {text.split("\t")[0] for text in found} == offered, line


def test_zsh(folder, script):
    """Typed into a terminal: zsh completes nowhere else."""
    path = script("zsh", "_ballast")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb", "HOME": str(folder)})
    try:
        start = f"fpath=({path.parent} $fpath); autoload -U compinit; compinit -u -D; stty cols 200; echo st''arted"
        assert "started" in typed(terminal, f"{start}\n", ["started"])
        for line, offered in OFFERED:
            whole = line.rpartition(" ")[0] if len(offered) == 1 else ""
            expected = [f"{whole} {word}".strip() for word in offered]
            shown = typed(terminal, f"{line}\t", expected)
            assert all(text in shown for text in expected), (line, shown)
            os.write(terminal, b"\x15")  # deletes the line
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def typed(terminal: int, keys: str, expected: list[str]) -> str:
    """What a terminal shows once keys are typed: until it has shown all that is expected, for ten seconds at most."""
    os.write(terminal, keys.encode())
    shown, end = "", time.monotonic() + 10
    while not all(text in shown for text in expected) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 1 << 16).decode(errors="replace")
    return shown


def test_an_unknown_shell(capsys):
    error = document_of(capsys, "completion", "fsh", status=2)["error"]
    assert error["message"].endswith("'fsh' is not one of bash, zsh, fish; did you mean fish?")
    assert document_of(capsys, "completion", "bash")["result"]["shell"] == "bash"
