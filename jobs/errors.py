"""What to tell of an error that comes out of Spark, in one line."""

import re

_RAISED = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt|Iteration|Warning): ")


def one_line(error: Exception) -> str:
    """The line of an error that tells most: the innermost cause in Java, or a worker's own exception."""
    java = getattr(error, "java_exception", None)
    text = str(error)
    if java is not None:
        while java.getCause() is not None:
            java = java.getCause()
        text = java.toString()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)] if any("Traceback" in line for line in lines) else []
    if raised:
        return raised[-1]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
