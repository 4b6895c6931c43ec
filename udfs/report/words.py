"""Numbers with their nouns: "1 pair", "2 pairs"."""

_IRREGULAR = {"entry": "entries", "match": "matches"}


def counted_noun(number: int, noun: str) -> str:
    """The number, then the noun in its singular or plural: `1 entry`, `2,000 entries`."""
    return f"{number:,} {noun_for(number, noun)}"


def noun_for(number: int, noun: str) -> str:
    """The noun in the form that goes with this number."""
    return noun if number == 1 else _IRREGULAR.get(noun, f"{noun}s")
