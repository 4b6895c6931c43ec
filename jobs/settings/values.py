"""Read values of flags and the TOML file from text, one function for each kind of value.

All raise `argparse.ArgumentTypeError`, with a line that explains what is wrong. A number in another spelling, such as
20,000 or 6%, is never guessed: the line asks whether the plain number was meant.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from udfs.errors import did_you_mean
from udfs.html.profiles import TEXT_KEYS
from udfs.opt_outs import OptOut
from udfs.outcomes import MAX_TEXT_CHARACTERS

_MASTER = re.compile(r"local(\[(\*|[1-9]\d*)(,\d+)?\])?|local-cluster\[.+\]|spark://.+|k8s://.+|yarn")
_CRAWL = re.compile(r"CC-[A-Z]+(-\d{2,4})+")
_MAX_PAGE_BYTES = 1 << 31
_MAX_HASH_BITS, _LARGEST_COLOUR = 64, 255
_CARRIED_TYPES = ("double", "string")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMBkmb]?)")
_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}
_LARGEST_EXPONENT = 18  # of a suggestion: 1e999999999 would fill the memory
_THOUSANDS = re.compile(r"([+-]?[1-9]\d{0,2})((?:[,.'\u2019\s]\d{3})+)")
_AFTER_THOUSANDS = re.compile(r"0\d\d")  # no number of a list begins with a zero


def choice(choices: Sequence[str]) -> Callable[[str], str]:
    """A function that reads one of these words."""

    def read(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not one of {', '.join(choices)}{did_you_mean(text, choices)}"
            )
        return text

    return read


def languages(text: str) -> tuple[str, ...]:
    """Read language codes, separated by commas, or `all`. Which are known depends on the model of `--language-model`:
    `language.labels_of` checks them."""
    return tuple(sorted({code.strip().lower() for code in text.split(",")}))


def text_keys(text: str) -> tuple[str, ...]:
    """Read kinds of texts, separated by commas: distinct, in the order in which pairs are emitted."""
    keys = {key.strip().lower() for key in text.split(",")}
    for key in sorted(keys.difference(TEXT_KEYS)):
        raise argparse.ArgumentTypeError(f"'{key}' is not one of {', '.join(TEXT_KEYS)}{did_you_mean(key, TEXT_KEYS)}")
    return tuple(key for key in TEXT_KEYS if key in keys)


def opt_outs(text: str) -> tuple[OptOut, ...]:
    """Read opt-outs to respect, separated by commas: distinct, in the order of `OptOut`; empty for `none`."""
    codes = {code.strip().lower() for code in text.split(",")}
    if codes == {"none"}:
        return ()
    for code in sorted(codes.difference(OptOut)):
        meant = did_you_mean(code, OptOut)
        raise argparse.ArgumentTypeError(f"'{code}' is not one of {', '.join(OptOut)}, or 'none' alone{meant}")
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
    return tuple(sorted({at_least_one(part) for part in _listed(text)}))


def size(text: str) -> int:
    """Read a number of pairs or entries: 400M, 2.5B, 120K, 5000."""
    match = _SIZE.fullmatch(_plain(text))
    if not match:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a number such as 400M, 2.5B, 120K or 5000{_meant(text, whole=True)}"
        )
    number = Decimal(match[1]) * _SUFFIXES[match[2].upper()]
    if number != int(number) or number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return int(number)


def sizes(text: str) -> tuple[int, ...]:
    """Read numbers of pairs, separated by commas: distinct, ascending."""
    return tuple(sorted({size(part) for part in _listed(text)}))


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
    value = _float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def path(text: str) -> str:
    """Read a path or an address. A `~` or `~user` at its start becomes that user's home folder: a shell leaves it
    alone within quotation marks, after `--out=`, and in a TOML file."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("is empty (an unset variable?)" if not text else "contains a NUL character")
    if not text.startswith("~"):
        return text
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        user = text.partition("/")[0]
        raise argparse.ArgumentTypeError(
            f"'{text}': no user has the home folder {user} (a file of that name is ./{user})"
        ) from None


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


def hash_bits(text: str) -> int:
    """Read how many of the 256 bits of a perceptual hash may differ."""
    value = count(text)
    if value > _MAX_HASH_BITS:
        raise argparse.ArgumentTypeError(f"must be at most {_MAX_HASH_BITS}: unrelated pictures differ in about 128")
    return value


def colour_difference(text: str) -> int:
    """Read a difference of two colour values."""
    value = count(text)
    if value > _LARGEST_COLOUR:
        raise argparse.ArgumentTypeError(f"must be at most {_LARGEST_COLOUR}")
    return value


def carried_columns(text: str) -> tuple[tuple[str, str], ...]:
    """Read names of columns with their types, separated by commas: `punsafe,license:string`."""
    columns: list[tuple[str, str]] = []
    for part in text.split(","):
        name, _, kind = (word.strip() for word in part.partition(":"))
        if not _NAME.fullmatch(name) or kind not in ("", *_CARRIED_TYPES):
            raise argparse.ArgumentTypeError(f"'{part}' is not NAME, NAME:double or NAME:string")
        if name.lower() in (known.lower() for known, _ in columns):
            raise argparse.ArgumentTypeError(f"names {name} twice")
        columns.append((name, kind or _CARRIED_TYPES[0]))
    return tuple(columns)


def named_share(text: str) -> tuple[str, float]:
    """Read NAME=SHARE."""
    name, equals, value = text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=SHARE, such as val=0.001")
    return name, share_above_zero(value)


def named_path(text: str) -> tuple[str, str]:
    """Read NAME=PATH, where NAME can be a column."""
    name, equals, value = text.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=FILE, such as aesthetic=head.onnx")
    return name, path(value)


def _listed(text: str) -> list[str]:
    """The parts of a list of numbers."""
    parts = text.split(",")
    if any(_AFTER_THOUSANDS.fullmatch(part) for part in parts[1:]):
        meant = _meant(text, whole=True) or ": write each without separators of thousands"
        raise argparse.ArgumentTypeError(f"'{text}' is a list of {len(parts)} numbers{meant}")
    return parts


def _int(text: str) -> int:
    try:
        return int(_plain(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number{_meant(text, whole=True)}") from None


def _float(text: str) -> float:
    try:
        return float(_plain(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number{_meant(text, whole=False)}") from None


def _plain(text: str) -> str:
    """A number without white space around it, and without underscores between its digits, as in Python and TOML."""
    return re.sub(r"(?<=\d)_(?=\d)", "", text.strip())


def _meant(text: str, *, whole: bool) -> str:
    """The end of a message about a number in another spelling: asks for the plain one, where that is clear."""
    number = _plain(text)
    scale = Decimal(1)
    if match := _THOUSANDS.fullmatch(number):
        number = match[1] + re.sub(r"\D", "", match[2])
    elif number.endswith("%"):
        number, scale = number[:-1].strip(), Decimal("0.01")
    elif number[-1:].upper() in ("K", "M", "B"):
        number, scale = number[:-1].strip(), Decimal(_SUFFIXES[number[-1].upper()])
    if not whole and number.count(",") == 1:
        number = number.replace(",", ".")
    try:
        value = Decimal(number) * scale
    except ArithmeticError:
        return ""
    if not value.is_finite() or abs(value.adjusted()) > _LARGEST_EXPONENT or (whole and value != int(value)):
        return ""
    plain = f"{value:f}"
    return f": did you mean {plain.rstrip('0').rstrip('.') if '.' in plain else plain}?"
