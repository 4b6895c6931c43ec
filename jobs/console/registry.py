"""Every command of Ballast: its name, and where its `Command` is declared. A new command is a file and a line here."""

from collections.abc import Iterator, Sequence
from importlib import import_module

from jobs.console.command import Command

COMMANDS = {
    "curate": "jobs.curate:COMMAND",
    "extract": "jobs.extract:COMMAND",
    "match": "jobs.match:COMMAND",
    "dedup": "jobs.dedup:COMMAND",
    "merge": "jobs.merge:COMMAND",
    "count": "jobs.count:COMMAND",
    "balance": "jobs.balance:COMMAND",
    "group": "jobs.group:COMMAND",
    "export": "jobs.export:COMMAND",
    "plan": "jobs.plan:COMMAND",
    "report": "jobs.report:COMMAND",
    "explain": "jobs.explain:COMMAND",
    "inspect": "jobs.inspect_file:COMMAND",
    "trace": "jobs.trace_pair:COMMAND",
    "metadata build": "jobs.metadata:BUILD",
    "metadata wordnet": "jobs.metadata:WORDNET",
    "metadata unigrams": "jobs.metadata:UNIGRAMS",
    "metadata bigrams": "jobs.metadata:BIGRAMS",
    "metadata titles": "jobs.metadata:TITLES",
    "metadata import": "jobs.metadata:IMPORT",
    "metadata show": "jobs.metadata:SHOW",
    "metadata diff": "jobs.metadata:DIFF",
    "demo": "jobs.demo:COMMAND",
    "sample": "jobs.sample:COMMAND",
    "emr render": "jobs.emr:RENDER",
    "completion": "jobs.completion:COMMAND",
}
"""In the order of `ballast --help`."""

FAMILIES = {
    "metadata": "build the list of entries from WordNet and Wikipedia; import, show and compare lists",
    "emr": "render, check and submit the requests for Amazon EMR",
}
"""The purpose of the commands whose names share a first word."""


def command(name: str) -> Command:
    """The command of this name; its module is imported only now."""
    module, _, attribute = COMMANDS[name].partition(":")
    loaded: Command = getattr(import_module(module), attribute)
    return loaded


def all_commands() -> Iterator[Command]:
    """Every command, in order."""
    return map(command, COMMANDS)


def name_in(words: Sequence[str]) -> str | None:
    """The name of the command that a command line begins with, None where it begins with none."""
    return next((name for length in (1, 2) if (name := " ".join(words[:length])) in COMMANDS), None)


def file_of(name: str) -> str:
    """The file that runs a command, relative to the checkout. A family's file takes the second word of the name."""
    return COMMANDS[name].partition(":")[0].replace(".", "/") + ".py"
