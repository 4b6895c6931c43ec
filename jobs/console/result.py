"""What a command returns, and its two printed forms: text, and with --json one document of the same shape for all."""

import json
import math
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from udfs.distribution import ballast_version


class Step(NamedTuple):
    """A command to try next, word by word, and its purpose."""

    purpose: str
    command: list[str]


class Result(NamedTuple):
    """What a command found. Both forms are made from `value`, and only when they are printed."""

    value: Any
    text: Callable[[Any], Iterable[str]]
    """The lines for people."""
    data: Callable[[Any], Mapping[str, Any]] = dict
    """The content of `result` in the JSON document: plain JSON types, the keys the same in every run."""
    next: Sequence[Step] = ()
    warning: str | None = None
    """What the user should know about the result, such as why it is empty."""


class Failure(NamedTuple):
    """Why a command found nothing: the line on standard error, without its beginning, and the exit status."""

    message: str
    exit_status: int


def print_text(result: Result) -> None:
    """Print a result for people, each line as soon as it is known."""
    with _until_the_reader_ends():
        for line in result.text(result.value):
            print(line, flush=True)
        if result.next:
            print(f"\n{text_of(result.next)}", flush=True)


def text_of(steps: Sequence[Step]) -> str:
    """Each command below its purpose, quoted for the shell."""
    return "\n".join(["next", *(f"  # {step.purpose}\n  {shlex.join(step.command)}" for step in steps)])


def print_document(command: str, outcome: Result | Failure, warnings: Sequence[str]) -> None:
    """Print a result or a failure as one JSON document: `command`, `ballast` (the version); of a success `result` and
    `next`, of a failure `error`; and `warnings`."""
    document: dict[str, Any] = {"command": command, "ballast": ballast_version()}
    if isinstance(outcome, Failure):
        document["error"] = outcome._asdict()
    else:
        document["result"] = outcome.data(outcome.value)
        document["next"] = [step._asdict() for step in outcome.next]
    document["warnings"] = list(warnings)
    with _until_the_reader_ends():
        print(_json(document), flush=True)


def _json(document: Mapping[str, Any]) -> str:
    """The document as JSON; letters that standard output cannot hold, and halves of surrogate pairs, are escaped."""
    finite = _finite(document)
    text = json.dumps(finite, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(finite, indent=2, allow_nan=False)
    return text


def _finite(value: Any) -> Any:
    """The same value with null for NaN and the infinities, which JSON lacks: columns of foreign files may hold them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


@contextmanager
def _until_the_reader_ends() -> Iterator[None]:
    """End without an error when the reader of standard output, such as a pager, has ended."""
    try:
        yield
    except BrokenPipeError:  # without a new target, Python fails again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
