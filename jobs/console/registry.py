"""Every command of Ballast. A new command is a declaration in `commands/`, a file in `jobs/` and a line here."""

from collections.abc import Sequence

from jobs.console.commands.curation import BALANCE, COUNT, CURATE, DEDUP, EXPORT, EXTRACT, GROUP, MATCH, MERGE
from jobs.console.commands.emr import RENDER
from jobs.console.commands.images import CHECK, CLASSIFY, CLUSTER, EMBED, GALLERY, SEARCH, SHARDS
from jobs.console.commands.lists import BIGRAMS, BUILD, BUILD_ALL, DIFF, FETCH, IMPORT, SHOW, TITLES, UNIGRAMS, WORDNET
from jobs.console.commands.lookups import EXPLAIN, INSPECT, PLAN, REPORT, TRACE
from jobs.console.commands.samples import DEMO, SAMPLE
from jobs.console.commands.shells import COMPLETION

COMMANDS = {
    command.name: command
    for command in (
        *(CURATE, EXTRACT, MATCH, DEDUP, MERGE, COUNT, BALANCE, GROUP, EXPORT),
        *(CHECK, EMBED, SHARDS, GALLERY, SEARCH, CLASSIFY, CLUSTER),
        *(PLAN, REPORT, EXPLAIN, INSPECT, TRACE),
        *(BUILD, BUILD_ALL, WORDNET, UNIGRAMS, BIGRAMS, TITLES, IMPORT, FETCH, SHOW, DIFF),
        *(DEMO, SAMPLE, RENDER, COMPLETION),
    )
}
"""By name, in the order of `ballast --help`."""

FAMILIES = {
    "metadata": "build the list of entries from WordNet and Wikipedia; import, fetch, show and compare lists",
    "emr": "render, check and submit the requests for Amazon EMR",
}
"""The purpose of the commands whose names share a first word."""


def name_in(words: Sequence[str]) -> str | None:
    """The name of the command that a command line begins with, None where it begins with none."""
    return next((name for length in (1, 2) if (name := " ".join(words[:length])) in COMMANDS), None)
