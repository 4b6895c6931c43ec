"""The project's own exceptions and warning, and the form in which their messages show a text of the user's."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN_CHARACTERS = 60
_NEAR = 0.65  # the share of letters in common; at difflib's 0.6, spam_level is near sample
_LEAST_BEGINNING = 3  # letters
_LONGEST_MISTYPED = 100  # comparing takes the square of the length


class BallastError(Exception):
    """The run cannot continue (exit status 1). The message is one line: what failed, where, and how to fix it."""

    exit_status = 1


class UsageError(BallastError):
    """The user's own mistake: a bad flag, a missing file, a wrong list (exit status 2)."""

    exit_status = 2


class BallastWarning(UserWarning):
    """Something that the user of the Python interface probably did not intend. The command prints it instead."""


class SourceRefused(BallastError):
    """The server of the input files refuses to serve them, now or at all: no file is at fault, and no row is written.

    It is not an OSError, so that it fails the task and leaves the batch uncommitted, and the run can be resumed.
    `reason` is the message without what to do about the run.
    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or message


class SourceFailed(OSError):
    """One input file cannot be read, or not to its end; the message, such as "404 Not Found", goes into its row."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


def shortened(text: str) -> str:
    """A text for a message: quoted, escaped so that it stays on one line, and cut after 60 characters."""
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]!r}…"


def did_you_mean(mistyped: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: asks for the known one that is nearest; empty if none is near.

    Names may be flags, keys or values: case, leading dashes, and whether words are joined by `-` or `_` count for
    nothing.
    """
    letters = _letters(mistyped[:_LONGEST_MISTYPED])
    by_letters = {_letters(name): name for name in known}
    nearest = get_close_matches(letters, by_letters, n=1, cutoff=_NEAR)
    if not nearest and len(letters) >= _LEAST_BEGINNING:
        nearest = sorted((name for name in by_letters if name.startswith(letters)), key=len)
    return f"; did you mean {by_letters[nearest[0]]}?" if nearest else ""


def _letters(name: str) -> str:
    return name.lstrip("-").replace("_", "-").casefold()
