"""The commands of lists of entries: building, importing, showing and comparing them."""

import argparse

from jobs.console.command import Command
from jobs.settings import values
from jobs.settings.building import EntryBuild, Ngrams, Titles, Wiki
from jobs.settings.fields import settings_of
from jobs.settings.groups import Draws, Entries, Execution, Output, Parsing, Reading
from jobs.settings.settings import Taken, take, takes

_SPACE_HELP = "space wrapped punctuation in entries as in captions, so that they can match (default: leave it unspaced)"


def _list_to_write(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        default=argparse.SUPPRESS,
        type=values.path,
        metavar="FILE.json",
        help="the list to write (required, here or in the TOML file)",
    )


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", type=values.path, help="a list of entries, in any form that --metadata takes"
    )
    parser.add_argument(
        "--out", type=values.path, metavar="FILE.json", help="the list to write (without it: check only)"
    )
    parser.add_argument("--dedup", action="store_true", help="keep the first of equal entries (default: refuse them)")
    parser.add_argument("--normalize-entries", action="store_true", help=_SPACE_HELP)


def _fetch_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the published list: metaclip")
    parser.add_argument(
        "--from",
        dest="source",
        type=values.path,
        metavar="URL|FILE",
        help="a mirror, or the file downloaded by other means (default: the address of its publisher)",
    )
    parser.add_argument("--accept-license", action="store_true", help="accept the list's licence (required)")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE|DIR",
        nargs="?",
        type=values.path,
        help="a list of entries, or a folder with a list for each language (default: the packaged list)",
    )


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), type=values.path, help="a list of entries")


def _source(
    source: str, purpose: str, inputs: tuple[str, str], settings: tuple[Taken, ...], nargs: int | str = "+"
) -> Command:
    """A command that counts a source of entries; its inputs have a name and a help text."""
    name, help = inputs
    return Command(
        name=f"metadata {source}",
        purpose=purpose,
        work=f"jobs.build_metadata:count_{source}",
        settings=settings,
        add_arguments=lambda parser: parser.add_argument(
            "inputs", metavar=name, nargs=nargs, type=values.path, help=help
        ),
    )


_DUMPS = ("DUMP", "pages-articles: XML, bzip2, or folders of them")
BUILD = Command(
    name="metadata build",
    purpose="build a list from WordNet, Wikipedia's dumps and its page views",
    work="jobs.build_metadata:build",
    settings=takes(
        *(Output, Wiki, EntryBuild, Ngrams, Titles, Draws),
        *(take(Reading, "commit_every", "batch_files"), Execution),
    ),
    add_arguments=_list_to_write,
)
BUILD_ALL = Command(
    name="metadata build-all",
    purpose="build a list per Wikipedia from a folder of their dumps, for `--metadata DIR`",
    work="jobs.build_metadata:build_all",
    settings=takes(
        *(Output, take(EntryBuild, *(item.name for item in settings_of(EntryBuild) if item.name != "wikipedia"))),
        *(take(Ngrams, "lowercase", "keep_bigram_count", "keep_pmi", "split_bytes"), Titles, Draws),
        *(take(Reading, "commit_every", "batch_files"), Execution),
    ),
    add_arguments=lambda parser: parser.add_argument(
        "folder",
        metavar="DUMPS",
        type=values.path,
        help="a folder with dumps as published, such as dewiki-20240501-pages-articles-multistream.xml.bz2",
    ),
)
WORDNET = _source(
    "wordnet",
    "count the names of WordNet's synsets, or the lemmas of another wordnet",
    ("DIR|FILE.tab", "WordNet's dict folder, with data.noun, or a file of the Open Multilingual Wordnet"),
    takes(Output, Execution),
    nargs=1,
)
UNIGRAMS = _source(
    "unigrams",
    "count the words of Wikipedia's articles",
    _DUMPS,
    takes(
        Output,
        Wiki,
        take(Ngrams, "segmenter", "lowercase", "split_bytes"),
        take(Reading, "commit_every", "batch_files"),
        Execution,
    ),
)
BIGRAMS = _source(
    "bigrams",
    "count words and pairs of words, with PMI",
    _DUMPS,
    takes(Output, Wiki, Ngrams, take(Reading, "commit_every", "batch_files"), Execution),
)
TITLES = _source(
    "titles",
    "count the views of article titles",
    ("FILE", "pageviews files, hourly or daily, or folders of them"),
    takes(Output, Wiki, Titles, Draws, take(Reading, "commit_every", "batch_files"), Execution),
)
IMPORT = Command(
    name="metadata import",
    purpose="check a list, such as MetaCLIP's metadata.json, and write it with a manifest",
    work="jobs.metadata:import_list",
    add_arguments=_import_arguments,
)
FETCH = Command(
    name="metadata fetch",
    purpose="fetch a list that others publish, such as MetaCLIP's, for `--metadata metaclip`",
    work="jobs.metadata:fetch",
    add_arguments=_fetch_arguments,
)
SHOW = Command(
    name="metadata show",
    purpose="show what a list holds: sources, lengths, entries that can never match",
    work="jobs.metadata:show_list",
    settings=takes(take(Entries, "boundaries"), take(Parsing, "language_model")),
    add_arguments=_show_arguments,
)
DIFF = Command(
    name="metadata diff", purpose="compare two lists", work="jobs.metadata:diff_list", add_arguments=_diff_arguments
)
