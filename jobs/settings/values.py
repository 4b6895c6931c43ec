"""Read values of flags and the TOML file from text, one function for each kind of value.

All raise `argparse.ArgumentTypeError`, with a line that explains what is wrong.
"""

import argparse
import re
from decimal import Decimal

from udfs.captions.language import known_languages
from udfs.html.profiles import TEXT_KEYS
from udfs.opt_outs import OptOut
from udfs.outcomes import MAX_TEXT_CHARACTERS

_MASTER = re.compile(r"local(\[(\*|[1-9]\d*)(,\d+)?\])?|local-cluster\[.+\]|spark://.+|k8s://.+|yarn")
_CRAWL = re.compile(r"CC-[A-Z]+(-\d{2,4})+")
_MAX_PAGE_BYTES = 1 << 31
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMBkmb]?)")
_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}


def languages(text: str) -> tuple[str, ...]:
    """Read language codes, separated by commas, or `all`."""
    codes = tuple(sorted({code.strip().lower() for code in text.split(",")}))
    if codes == ("all",):
        return codes
    known = known_languages()
    for code in codes:
        if code not in known:
            raise argparse.ArgumentTypeError(f"'{code}' is not a known language: use en, de, fr, … or 'all' alone")
    return codes


def text_keys(text: str) -> tuple[str, ...]:
    """Read kinds of texts, separated by commas: distinct, in the order in which pairs are emitted."""
    keys = {key.strip().lower() for key in text.split(",")}
    for key in sorted(keys.difference(TEXT_KEYS)):
        raise argparse.ArgumentTypeError(f"'{key}' is not one of {', '.join(TEXT_KEYS)}")
    return tuple(key for key in TEXT_KEYS if key in keys)


def opt_outs(text: str) -> tuple[OptOut, ...]:
    """Read opt-outs to respect, separated by commas: distinct, in the order of `OptOut`; empty for `none`."""
    codes = {code.strip().lower() for code in text.split(",")}
    if codes == {"none"}:
        return ()
    for code in sorted(codes.difference(OptOut)):
        raise argparse.ArgumentTypeError(f"'{code}' is not one of {', '.join(OptOut)}, or 'none' alone")
    return tuple(code for code in OptOut if code in codes)


def at_least_one(text: str) -> int:
    """Read a whole number of at least 1."""
    value = _int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value


def count(text: str) -> int:
    """Read a whole number of at least 0."""
    return 0 if text.strip() == "0" else at_least_one(text)


def at_least_ones(text: str) -> tuple[int, ...]:
    """Read whole numbers of at least 1, separated by commas: distinct, ascending."""
    return tuple(sorted({at_least_one(part.strip()) for part in text.split(",")}))


def size(text: str) -> int:
    """Read a number of pairs or entries: 400M, 2.5B, 120K, 5000."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number such as 400M, 2.5B, 120K or 5000")
    number = Decimal(match[1]) * _SUFFIXES[match[2].upper()]
    if number != int(number) or number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return int(number)


def sizes(text: str) -> tuple[int, ...]:
    """Read numbers of pairs, separated by commas: distinct, ascending."""
    return tuple(sorted({size(part) for part in text.split(",")}))


def caption_characters(text: str) -> int:
    """Read a limit on a caption's characters."""
    value = at_least_one(text)
    if value > MAX_TEXT_CHARACTERS:
        raise argparse.ArgumentTypeError(f"must be at most {MAX_TEXT_CHARACTERS:,}, the longest caption that is kept")
    return value


def page_bytes(text: str) -> int:
    """Read a limit on the bytes of a page or a record."""
    value = at_least_one(text)
    if value > _MAX_PAGE_BYTES:
        raise argparse.ArgumentTypeError(f"must be at most {_MAX_PAGE_BYTES:,}")
    return value


def seconds(text: str) -> float:
    """Read a time in seconds, above 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds") from None
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def path(text: str) -> str:
    """Read a path or an address."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("is empty (an unset variable?)" if not text else "contains a NUL character")
    return text


def crawl(text: str) -> str:
    """Read the name of a crawl."""
    if not _CRAWL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not the name of a crawl, such as CC-MAIN-2024-10")
    return text


def seed(text: str) -> int:
    """Read a signed 64-bit integer."""
    value = _int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise argparse.ArgumentTypeError("must fit in 64 bits")
    return value


def number(text: str) -> float:
    """Read a number between -1000 and 1000."""
    value = _float(text)
    if not -1000 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"must be between -1000 and 1000, not {text}")
    return value


def share(text: str) -> float:
    """Read a number from 0 to 1."""
    value = _float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, not {text}")
    return value


def share_above_zero(text: str) -> float:
    """Read a number above 0 and up to 1."""
    value = share(text)
    if value == 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def master(text: str) -> str:
    """Read the URL of a Spark master."""
    if not _MASTER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not one of local[N], local[*], spark://…, yarn, k8s://…")
    return text


def key_value(text: str) -> str:
    """Read KEY=VALUE."""
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return text


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
