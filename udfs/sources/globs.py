"""Globs over listed paths, as the shell's: `*`, `?` and `[…]` stay within a part, `**` goes over parts."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from glob import has_magic


def fixed_folder(pattern: str) -> str:
    """The folder above the first part of a pattern that holds a wildcard."""
    parts = pattern.split("/")
    first = next(place for place, part in enumerate(parts) if has_magic(part))
    return "/".join(parts[:first])


def glob_matches(pattern: str, path: str) -> tuple[bool, bool]:
    """Whether a relative path is what the pattern matches, and whether it lies in a folder that the pattern matches."""
    parts = path.split("/")
    matched = set(_matched_parts(pattern.strip("/").split("/"), parts))
    return len(parts) in matched, any(count < len(parts) for count in matched)


def _matched_parts(pattern: Sequence[str], parts: Sequence[str]) -> Iterator[int]:
    """How many of the first parts the whole pattern matches; wildcards match no leading dot."""
    if not pattern:
        yield 0
        return
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        for count in range(len(parts) + 1):
            if count and parts[count - 1].startswith("."):
                break
            yield from (count + more for more in _matched_parts(rest, parts[count:]))
    elif parts and fnmatchcase(parts[0], head) and (head.startswith(".") or not parts[0].startswith(".")):
        yield from (1 + more for more in _matched_parts(rest, parts[1:]))
