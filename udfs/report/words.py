"""Numbers with their nouns and units: "1 pair", "2 pairs", "3 min 5 s", "1.2 GB"."""

from collections.abc import Sequence

_IRREGULAR = {"entry": "entries", "match": "matches"}


def counted_noun(number: int, noun: str) -> str:
    """The number, then the noun in its singular or plural: `1 entry`, `2,000 entries`."""
    return f"{number:,} {noun_for(number, noun)}"


def noun_for(number: int, noun: str) -> str:
    """The noun in the form that goes with this number."""
    return noun if number == 1 else _IRREGULAR.get(noun, f"{noun}s")


def span(seconds: float) -> str:
    """Format a duration in its two largest units: `8.2 s`, `42 s`, `3 min 5 s`, `5 h 12 min`, `2 d 3 h`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, small_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small} {small_unit}"
    return f"{whole} s"


def size_text(size_bytes: float) -> str:
    """Format a size in powers of 1,000: `512 B`, `1.2 KB`, `34 GB`, `1,200 TB`."""
    units = ["B", "KB", "MB", "GB", "TB"]
    while size_bytes >= 999.5 and len(units) > 1:
        size_bytes, units = size_bytes / 1000, units[1:]
    return f"{size_bytes:,.{1 if units[0] != 'B' and size_bytes < 9.95 else 0}f} {units[0]}"


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are: `en, de and 3 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"
