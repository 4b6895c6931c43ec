"""Shell globs on listed paths: `*`, `?` and `[…]` match within one part of a path, `**` matches any number of parts."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from glob import has_magic


def fixed_folder(pattern: str) -> str:
    """The longest folder of a pattern that has no wildcard."""
    parts = pattern.split("/")
    first = next(index for index, part in enumerate(parts) if has_magic(part))
    return "/".join(parts[:first])


def glob_matches(pattern: str, path: str) -> tuple[bool, bool]:
    """Whether the pattern matches a relative path, and whether it matches a folder above it."""
    parts = path.split("/")
    matched = set(_matched_parts(pattern.strip("/").split("/"), parts))
    return len(parts) in matched, any(count < len(parts) for count in matched)


def _matched_parts(pattern: Sequence[str], parts: Sequence[str]) -> Iterator[int]:
    """Each number of leading parts that the whole pattern matches. Wildcards do not match a leading dot."""
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
