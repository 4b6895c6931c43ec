"""What to tell of an error that comes out of Spark, in one line."""

import re

from udfs.errors import BallastError, SourceRefused

_OWN = re.compile(rf"^{SourceRefused.__module__}\.{SourceRefused.__name__}: (.+)$", re.MULTILINE)
_RAISED = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt|Iteration|Warning): ")


def of_worker(error: Exception) -> BallastError | None:
    """What a worker raised as one of the project's own errors, with its message; None for any other."""
    found = _OWN.search(_innermost(error)) or _OWN.search(str(error))
    return SourceRefused(found[1]) if found else None


def one_line(error: Exception) -> str:
    """The line of an error that tells most: the innermost cause in Java, or a worker's own exception."""
    text = _innermost(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)] if any("Traceback" in line for line in lines) else []
    if raised:
        return raised[-1]
    if lines and hasattr(error, "java_exception"):
        return lines[0]  # which begins with the name of Java's own exception
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _innermost(error: Exception) -> str:
    """The text of an error's innermost cause in Java, or its own."""
    java = getattr(error, "java_exception", None)
    if java is None:
        return str(error)
    while java.getCause() is not None:
        java = java.getCause()
    return str(java.toString())
