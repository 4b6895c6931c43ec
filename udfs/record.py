"""The record of a run: its settings, its inputs, and the facts of each stage. On disk it is run.json.

Each field carries its meaning, from which the reference is generated.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, NamedTuple, Self

import msgspec
from msgspec import Meta

from udfs.image_stages import (
    CheckedFacts,
    ClusterEntriesFacts,
    ClustersFacts,
    DownloadsFacts,
    EmbeddingsFacts,
    EvaluationFacts,
    LabelsFacts,
    LeftOutFacts,
    ReadFacts,
    ScoresFacts,
    ShardsFacts,
    TextsFacts,
)
from udfs.outcomes import Named
from udfs.stages import (
    BigramsFacts,
    DrawFacts,
    EntryCountsFacts,
    ExportFacts,
    ExtractedFacts,
    FilesFacts,
    ImagesFacts,
    MatchedFacts,
    PoolFacts,
    RepeatsFacts,
    Stage,
    StageFacts,
    SubsetFacts,
    TitlesFacts,
    UnigramsFacts,
    WordnetFacts,
)

RUN_FILE = "run.json"
COUNTS_FILE, LIST_COUNTS = "entry_counts.json", "entry_counts_by_list"
REPORT_FILE, CARD_FILE = "report.html", "README.md"
"""The files that a run writes to its output folder. With several lists, a folder has a file of counts for each."""
FORMER_CARD_FILE = "DATASET.md"
"""The name of the data card in folders of an earlier Ballast."""
CARD_MARK = (
    "---\n# Ballast writes this file from run.json. It leaves a file alone that does not begin with this line.\n"
)
"""How each card begins. A README.md that begins otherwise is the user's."""

_FILES = "how many `files`, and `sha256`, which changes when one of them does"


class RunState(Named):
    """How far a run is."""

    RUNNING = "running", "being written, or stopped"
    FINISHED = "finished", "complete"
    DELETING = "deleting", "what --overwrite replaces is being deleted"


class ListIdentity(msgspec.Struct, frozen=True):
    """One of several lists of entries, and where its entries may begin and end."""

    entries: int
    sha256: str
    boundaries: str


class EntriesIdentity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which list of entries was used, or which lists, by code."""

    entries: int
    sha256: str
    lists: dict[str, ListIdentity] | None = None
    boundaries: str | None = None


class FilesIdentity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which files were read. Counts that came as JSON have a hash alone; dumps are also counted in `pieces`."""

    files: int | None = None
    sha256: str
    pieces: int | None = None


class PoolsIdentity(msgspec.Struct, frozen=True):
    """Which pools were read."""

    pools: int
    sha256: str


class BlocksIdentity(msgspec.Struct, frozen=True):
    """Which sites and images were blocked."""

    domains: int
    paths: int
    images: int
    sha256: str


class WordsIdentity(msgspec.Struct, frozen=True):
    """Which words blocked a caption."""

    words: int
    sha256: str


class ModelIdentity(msgspec.Struct, frozen=True):
    """Which model detected languages."""

    labels: int
    sha256: str


class Stages(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts of each finished stage, None for one that is not finished."""

    extracted: ExtractedFacts | None = None
    files: FilesFacts | None = None
    matched: MatchedFacts | None = None
    repeats: RepeatsFacts | None = None
    pool: PoolFacts | None = None
    entry_counts: EntryCountsFacts | None = None
    subset: SubsetFacts | None = None
    images: ImagesFacts | None = None
    export: ExportFacts | None = None
    read: ReadFacts | None = None
    downloads: DownloadsFacts | None = None
    evaluation: EvaluationFacts | None = None
    checked: CheckedFacts | None = None
    embeddings: EmbeddingsFacts | None = None
    texts: TextsFacts | None = None
    scores: ScoresFacts | None = None
    labels: LabelsFacts | None = None
    clusters: ClustersFacts | None = None
    cluster_entries: ClusterEntriesFacts | None = None
    shards: ShardsFacts | None = None
    left_out: LeftOutFacts | None = None
    wordnet: WordnetFacts | None = None
    unigrams: UnigramsFacts | None = None
    bigrams: BigramsFacts | None = None
    titles: TitlesFacts | None = None

    def facts(self, stage: Stage) -> StageFacts | None:
        """The facts of a stage, None for one that is not finished."""
        return getattr(self, stage, None)

    def finished(self) -> Iterator[StageFacts]:
        """The facts of every finished stage, in the order of stages."""
        return (facts for stage in Stage if (facts := self.facts(stage)) is not None)

    def with_facts(self, facts: StageFacts) -> Self:
        return msgspec.structs.replace(self, **{facts.stage.value: facts})

    def without(self, stages: Iterable[Stage]) -> Self:
        """The same without some stages. `SCANNED` never has facts."""
        return msgspec.structs.replace(
            self, **{stage.value: None for stage in stages if stage in self.__struct_fields__}
        )


class Subset(NamedTuple):
    """A subset that a run drew: its own facts, how many pairs it was drawn from, and which folder holds its rows."""

    facts: DrawFacts
    pool_pairs: int
    blocked: int | None
    """Further pairs of the pool, left out by the block lists; None without lists."""
    part: str
    """The folder in `subset/`, empty where the run has one subset."""

    @property
    def t(self) -> int | None:
        return self.facts.t

    @property
    def label(self) -> str:
        """What a person calls its threshold: `t = 20,000`, of several lists `t = 20,000 (en)` or `t by list`."""
        return f"t {self.named_t}" if self.facts.t is None else f"t = {self.named_t}"

    @property
    def named_t(self) -> str:
        """Its t: `20,000`, of several lists `20,000 (en)` or `by list`."""
        if self.facts.t is None:
            return "by list"
        anchor = (self.facts.threshold or {}).get("anchor")
        return f"{self.facts.t:,}" + (f" ({anchor})" if anchor else "")

    @property
    def at(self) -> str:
        """The same within a sentence: `at t = 20,000` or `at the t of each list`."""
        return "at the t of each list" if self.facts.t is None else f"at {self.label}"

    @property
    def tail_share(self) -> float | None:
        """The tail share that its lists have in common, where t was chosen by one."""
        share = (self.facts.threshold or {}).get("tail_share")
        return None if share is None else float(share)

    def ts(self, codes: Sequence[str]) -> list[int]:
        """The t of each of these lists, which are those that it was drawn from."""
        return [self.t_of(code) or 1 for code in codes]

    def t_of(self, code: str | None) -> int | None:
        """The t of a list; of a run with one list for all captions, its t."""
        if self.facts.lists is None:
            return self.facts.t
        return next((of_list.t for of_list in self.facts.lists if of_list.list == code), None)

    @property
    def folder(self) -> str:
        """Its folder, relative to the output folder."""
        return f"{Stage.SUBSET}/{self.part}".rstrip("/")

    @property
    def share(self) -> float:
        """The share of the pairs drawn from that are in it."""
        return self.facts.pairs / max(self.pool_pairs, 1)


def counts_file(code: str) -> str:
    """The JSON of the counts of a list's entries; the list of a file has no code."""
    return f"{LIST_COUNTS}/{code}.json" if code else COUNTS_FILE


def subset_part(t: int | None, thresholds: int) -> str:
    """The folder in `subset/` of the subset at t: `t=20` where there are several thresholds, else empty."""
    return f"t={t}" if thresholds > 1 else ""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What run.json holds. A field that a run does not have is None and is left out."""

    ballast: Annotated[str, Meta(description="the version that wrote the folder")]
    job: Annotated[str, Meta(description="the command")]
    settings: Annotated[
        dict[str, Any] | None,
        Meta(description="the settings of kind *rows*, without paths: hashes identify what these name"),
    ] = None
    execution: Annotated[
        dict[str, Any] | None, Meta(description="the settings of kind *run*, as of the latest command")
    ] = None
    metadata: Annotated[
        EntriesIdentity | None,
        Meta(
            description="the list of entries: how many `entries`, and `sha256` of them as JSON; of a folder, also the "
            "same for each of its `lists`, and `sha256` over these and the languages that lead to them"
        ),
    ] = None
    inputs: Annotated[
        FilesIdentity | None,
        Meta(
            description="the input files: how many `files`, and `sha256` of their paths; for `ballast metadata`, "
            "as under `source`"
        ),
    ] = None
    source: Annotated[FilesIdentity | None, Meta(description=f"the Parquet files that were read: {_FILES}")] = None
    sources: Annotated[
        PoolsIdentity | None, Meta(description="of `merge`: how many `pools`, and `sha256` over their hashes")
    ] = None
    exclude: Annotated[
        PoolsIdentity | None,
        Meta(description="the pools of --exclude: how many `pools`, and `sha256` over their hashes"),
    ] = None
    blocks: Annotated[
        BlocksIdentity | None,
        Meta(
            description="--block-domains and --block-urls: how many `domains`, `paths` of sites and `images`, and "
            "`sha256`"
        ),
    ] = None
    block_words: Annotated[
        WordsIdentity | None,
        Meta(description="the list of --block-words: how many `words`, and `sha256` of them, sorted and case-folded"),
    ] = None
    language_model: Annotated[
        ModelIdentity | None,
        Meta(description="the model of --language-model: how many `labels` it has, and `sha256` of its file"),
    ] = None
    t_by_list: Annotated[FilesIdentity | None, Meta(description="`sha256` of what --t-by-list gives")] = None
    counts: Annotated[FilesIdentity | None, Meta(description="the entry counts that were used, as under `source`")] = (
        None
    )
    survivors: Annotated[FilesIdentity | None, Meta(description="the files of --survivors, as under `source`")] = None
    download: Annotated[str | None, Meta(description="of check: where the download lay")] = None
    evaluation: Annotated[
        FilesIdentity | None, Meta(description="the sets of --not-in: how many `files`, and `sha256` over their lists")
    ] = None
    checked: Annotated[FilesIdentity | None, Meta(description="the rows of --images, as under `source`")] = None
    pairs: Annotated[FilesIdentity | None, Meta(description="the rows of --pairs, as under `source`")] = None
    model: Annotated[
        FilesIdentity | None, Meta(description="the model: how many `files`, and `sha256` of what they hold")
    ] = None
    scorers: Annotated[
        FilesIdentity | None, Meta(description="the models of --score: how many `files`, and `sha256` of them")
    ] = None
    label_names: Annotated[
        FilesIdentity | None, Meta(description="of --labels: how many labels (as `files`), and `sha256` of them")
    ] = None
    hash_version: Annotated[int | None, Meta(description="of H, the hash of every pick and draw")] = None
    versions: Annotated[
        dict[str, str], Meta(description="of Python and the libraries that determine the rows, on the driver")
    ] = msgspec.field(default_factory=dict)
    state: Annotated[
        RunState,
        Meta(description="`running` (also after it was stopped), `finished`, or `deleting` what --overwrite replaces"),
    ]
    started: Annotated[str | None, Meta(description="when the run was begun, UTC")] = None
    finished: Annotated[str | None, Meta(description="when it ended, UTC")] = None
    stages: Annotated[Stages, Meta(description="the facts of each finished stage: see below")]
    stale: Annotated[list[Stage] | None, Meta(description="stages to be rebuilt, since more input was read")] = None
    t: Annotated[
        int | list[int] | dict[str, int] | None,
        Meta(description="the threshold, a list of several, or the threshold of each list of entries"),
    ] = None
    report: Annotated[str | None, Meta(description="the file of the report, if there is one")] = None

    @property
    def is_finished(self) -> bool:
        return self.state == RunState.FINISHED

    @property
    def thresholds(self) -> list[int]:
        """Each t that the run drew at, ascending; empty before it drew, and where each list has its own."""
        if isinstance(self.t, dict):
            return []
        return [self.t] if isinstance(self.t, int) else self.t or []

    @property
    def subsets(self) -> list[Subset]:
        """The subsets that the run drew, ascending by t; empty before it drew."""
        facts = self.stages.subset
        if facts is None:
            return []
        return [
            Subset(drawn, facts.pool_pairs, facts.blocked, subset_part(drawn.t, len(facts.subsets)))
            for drawn in facts.subsets
        ]

    @property
    def by_language(self) -> bool:
        """Whether the run is known to have a list of entries for each language."""
        has_lists = self.metadata is not None and self.metadata.lists is not None
        return has_lists or any(subset.facts.lists for subset in self.subsets)

    def setting(self, name: str, default: Any = None) -> Any:
        """A setting that the run recorded, else the default."""
        return (self.settings or {}).get(name, default)

    @property
    def seed(self) -> int:
        """The seed of every pick and draw."""
        return int(self.setting("seed", 0))

    @property
    def per_image(self) -> str:
        """How many pairs of an image could be drawn, `all` or `one`."""
        return str(self.setting("per_image", "all"))

    def evolve(self, **changes: Any) -> Self:
        """The same record with some fields replaced."""
        return msgspec.structs.replace(self, **changes)
