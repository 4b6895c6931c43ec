"""What the keys of run.json mean: those of the run, and the facts of each stage that it has finished."""

from jobs.runs.run_folder import (
    BIGRAMS,
    ENTRY_COUNTS,
    EXPORT,
    EXTRACTED,
    FILES,
    IMAGES,
    MATCHED,
    POOL,
    REPEATS,
    SUBSET,
    TITLES,
    UNIGRAMS,
    WORDNET,
)

_FILES = "how many `files`, and `sha256`, which changes when one of them does"
_OF = "the stage whose rows were read; null where they were not in a folder of Ballast's"
_OUTCOMES = "what became of records, articles or lines: a counter each"

RUN_KEYS = {
    "ballast": "the version that wrote the folder",
    "job": "the command",
    "settings": "the settings of kind *rows*, without paths: what these name is told by its hash",
    "execution": "the settings of kind *run*, as of the latest command",
    "metadata": "the list of entries: how many `entries`, and `sha256` of them as JSON",
    "inputs": "the input files: how many `files`, and `sha256` of their paths; of `metadata`, as under `source`",
    "source": f"the Parquet files that were read: {_FILES}",
    "sources": "of `merge`: how many `pools`, and `sha256` over theirs",
    "exclude": "the pools of --exclude: how many `pools`, and `sha256` over theirs",
    "blocks": "--block-domains and --block-urls: how many `domains`, `paths` of sites and `images`, and `sha256`",
    "block_words": "the list of --block-words: how many `words`, and `sha256` of them sorted and without their case",
    "counts": "the entry counts that were taken, as under `source`",
    "survivors": "the files of --survivors, as under `source`",
    "hash_version": "of H, which decides every pick and draw",
    "versions": "of Python and the libraries that decide rows, on the driver",
    "state": "`running` (also when it was stopped), `finished`, or `deleting` what --overwrite replaces",
    "started": "when the run was begun, UTC",
    "finished": "when it ended, UTC",
    "stages": "the facts of each finished stage: see below",
    "stale": "stages that are about to be made anew, since there was more to read",
    "t": "the threshold, or a list of several",
    "report": "the report's file, if it was drawn",
}
"""The top level."""

STAGE_FACTS: dict[str, dict[str, str]] = {
    EXTRACTED: {"batches": "committed batches of input files"},
    FILES: {"files": "input files", "bytes": "as read from the source (compressed)"},
    MATCHED: {
        "texts": "pairs that were read",
        "text_no_match": "of them those that hold no entry",
        "pairs": "pairs that hold one",
        "images": "distinct images among them",
    },
    REPEATS: {
        "captions": "captions on more images than --max-caption-repeats allows",
        "caption_pairs": "distinct pairs of these captions",
        "images": "images with more captions than --max-captions-per-image allows",
        "image_pairs": "distinct pairs of these images; a pair may be counted under both",
        "slices": "parts in which they were found (--hash-slices)",
    },
    POOL: {
        "pairs": "pairs that are left",
        "images": "distinct images among them",
        "blocked": "copies left out by the block lists",
        "excluded": "copies left out, since a pool of --exclude has them",
        "repeated": "copies left out besides, of captions and images over their limits",
        "matched": "whether the pairs have `entry_ids`",
        "slices": "parts in which it was done (--hash-slices)",
    },
    ENTRY_COUNTS: {
        "entries": "entries of the list",
        "entries_matched": "entries that a pair holds",
        "matches": "the counts of all entries, added up",
    },
    SUBSET: {
        "pool_pairs": "pairs that were drawn from",
        "blocked": "pairs of the pool besides, left out by the block lists",
        "pairs_before_download": "pairs of which --survivors left these",
        "subsets": "of several t, the facts that follow for each",
        "t": "the threshold",
        "threshold": "how t was chosen, `t`, `preset`, `tail_share` or `target_size`, and what was `…_reached`",
        "entries_above_t": "entries with more than t matches",
        "share_of_matches_above_t": "their share of all matches",
        "pairs": "pairs that were kept",
        "images": "distinct images among them",
        "capped_by_earlier_draw": "of them those that an earlier draw was less likely to keep, whose probability holds",
    },
    IMAGES: {
        "images": "distinct images",
        "captions": "their captions",
        "listed": "of them those listed, at most --max-captions an image",
        "of": _OF,
    },
    EXPORT: {"rows": "rows written", "files": "shards that hold any", "bytes": "their size", "of": _OF},
    WORDNET: {"distinct": "names", "inputs": "name, size and `sha256` of each file"},
    UNIGRAMS: {
        "distinct": "words",
        "words": "their counts, added up",
        "outcomes": _OUTCOMES,
        "files": "the same by file",
        "damage": "what was wrong with a file, by file",
        "inputs": "name, size and `sha256` of each file",
    },
    BIGRAMS: {"kept": "pairs of words that were kept"},
    TITLES: {
        "distinct": "titles",
        "days": "the days that the files are of",
        "outcomes": _OUTCOMES,
        "files": "the same by file",
        "damage": "what was wrong with a file, by file",
        "inputs": "name, size and `sha256` of each file",
    },
}
"""What a stage has besides `seconds`; `files` has a number for each status and outcome too."""

SECONDS = "of wall clock, in the command that finished the stage"
