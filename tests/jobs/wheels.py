"""The wheel that `make dist` builds."""

from pathlib import Path

from jobs import dist


def build_in(folder: Path) -> Path:
    for name in ("scratch", "out"):
        (folder / name).mkdir()
    return dist.build_wheel(folder / "scratch", folder / "out")
