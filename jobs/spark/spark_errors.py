"""Reduce an error that Spark raises to one line for the user."""

import re

from udfs.errors import BallastError, SourceRefused, UsageError
from udfs.extras import missing_extra

_OWN = re.compile(rf"^{SourceRefused.__module__}\.{SourceRefused.__name__}: (.+)$", re.MULTILINE)
RAISED_IN_SQL = "ballast: "
"""Begins the messages that our SQL expressions raise; what Spark writes around them differs by version."""

_RAISED_IN_SQL = re.compile(rf"\b{RAISED_IN_SQL}(.+?)(?: SQLSTATE: \w+)?$", re.MULTILINE)
_DEAD_WORKER = "Python worker exited unexpectedly"
_RAISED = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt|Iteration|Warning): ")


def of_worker(error: Exception) -> BallastError | None:
    """Return the project's own error that a worker or one of its SQL expressions raised, with its message, or None for
    any other error."""
    match = _OWN.search(_innermost(error)) or _OWN.search(str(error))
    if match:
        return SourceRefused(match[1])
    match = _RAISED_IN_SQL.search(str(error))
    return BallastError(match[1]) if match else None


_PATH_ERRORS = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


def plain_error(error: Exception) -> BallastError | None:
    """Return the project's own error, with a message of one line, for an error that is foreseen, else None."""
    if isinstance(error, BallastError):
        return error
    if isinstance(error, _PATH_ERRORS):
        return UsageError(f"{error.filename}: {error.strerror}")
    if isinstance(error, ModuleNotFoundError):
        return missing_extra(error)
    return of_worker(error)


def is_dead_worker(error: Exception) -> bool:
    """Whether a job failed because a process of Python ended without an error of its own, as by a signal."""
    return _DEAD_WORKER in str(error)


def one_line(error: Exception) -> str:
    """Return the most informative line of an error: Java's innermost cause, or the worker's own exception."""
    text = _innermost(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)] if any("Traceback" in line for line in lines) else []
    if raised:
        return raised[-1]
    if lines and hasattr(error, "java_exception"):
        return lines[0]  # it begins with the name of Java's exception
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _innermost(error: Exception) -> str:
    """Return the text of Java's innermost cause, or the error's own text."""
    java = getattr(error, "java_exception", None)
    if java is None:
        return str(error)
    while java.getCause() is not None:
        java = java.getCause()
    return str(java.toString())
