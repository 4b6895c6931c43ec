"""Log lines on standard error, as text or as JSON. It imports little, so that a refused command line ends at once."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from jobs.settings.groups import JSON_LOG, TEXT_LOG

INFO, WARN, ERROR = "INFO", "WARN", "ERROR"
_NO_FIGURES: Mapping[str, Any] = MappingProxyType({})
_log_format = TEXT_LOG


def log_as(log_format: str) -> None:
    """Choose the format of the log lines from here on."""
    global _log_format
    _log_format = log_format


def fail(text: str) -> None:
    """Log the line that says why a command ended without its result."""
    log_line(ERROR, text)


def log_line(
    level: str,
    text: str,
    figures: Mapping[str, Any] = _NO_FIGURES,
    print_above: Callable[[str], object] | None = None,
) -> None:
    """Print a line: as JSON with the figures, or as text. `print_above` prints above a live display. Where standard
    error is no terminal, lines of text have the time and the level, except the last one."""
    when = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if _log_format == JSON_LOG:
        record = {"time": when, "level": level, "message": text, **figures}
        print(json.dumps(record, ensure_ascii=False), file=sys.stderr, flush=True)
    elif level == ERROR or sys.stderr.isatty():
        line = f"ballast: {'warning: ' * (level == WARN)}{text}"
        (print_above or _print)(line)
    else:
        _print(f"{when} {level} ballast: {text}")


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
