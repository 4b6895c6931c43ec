"""The plan of an extraction: which files to read, how to open and parse them, what to leave out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from jobs.runs.language_model import load_language_model
from jobs.runs.open_storage import load_block_words, open_storage
from jobs.settings.groups import ALL_LANGUAGES, DEFAULT_LANGUAGES, Captions, Inputs, Parsing, Reading
from jobs.settings.settings import Settings
from jobs.steps.blocks import blocks_identity, load_blocks
from metadata.lists import OTHER, EntryLists
from udfs.captions.block_words import NO_WORDS, BlockWords
from udfs.captions.language import LanguageModel, known_languages
from udfs.captions.rules import CaptionRules
from udfs.errors import UsageError
from udfs.extraction.block_lists import BlockList
from udfs.extraction.options import ExtractOptions
from udfs.extras import require
from udfs.outcomes import MAX_TEXT_CHARACTERS
from udfs.sources.input_files import InputFile, Openers, crawl_listing, plan_inputs, sample_files
from udfs.sources.opener import SourceOpener, choose_witnesses
from udfs.sources.options import RetryPolicy, SourceOptions
from udfs.storage.addresses import S3, is_hdfs, kind_of


@dataclass(frozen=True, slots=True)
class ExtractionPlan:
    """What an extraction reads, and how."""

    files: list[InputFile]
    options: ExtractOptions
    opening: SourceOptions
    blocks: BlockList | None
    settings: Settings
    """As given, with the languages to keep."""
    language_model: LanguageModel | None = None
    """The user's; `options` name its path on this machine."""

    @property
    def identity(self) -> dict[str, Any]:
        """What identifies the block lists, block words and language model in run.json; None for a missing one."""
        model = self.language_model
        return {
            "block_words": self.options.caption_rules.block_words.fingerprint,
            "language_model": None if model is None else model.fingerprint,
            **blocks_identity(self.blocks),
        }


def plan_extraction(inputs: Sequence[str], settings: Settings, lists: EntryLists | None = None) -> ExtractionPlan:
    """The plan for these INPUT arguments, and the lists that texts are matched with. Raises `UsageError` for invalid
    ones, before any input is read."""
    settings.parsing.check()
    block_words = load_block_words(settings.captions.block_words)
    model = load_language_model(settings.parsing.language_model)
    settings = _with_languages(settings, lists, model)
    options = extract_options(settings.captions, settings.parsing, settings.reading, block_words, model)
    _require_packages(settings.parsing)
    files = input_files(inputs, settings.inputs, settings.draws.seed)
    if any(kind_of(file.opened_as) == S3 for file in files):
        require("boto3")
    if any(is_hdfs(file.opened_as) for file in files):
        require("hdfs_native")
    witnesses = choose_witnesses([file.opened_as for file in files])
    opening, blocks = source_options(settings.inputs, witnesses), load_blocks(settings.blocking)
    return ExtractionPlan(files, options, opening, blocks, settings, model)


def _with_languages(settings: Settings, lists: EntryLists | None, model: LanguageModel | None) -> Settings:
    """The settings with the languages to keep, where the user names none: English, or with a folder of lists those that
    lead to a list."""
    if settings.captions.languages:
        return settings
    languages: tuple[str, ...] = DEFAULT_LANGUAGES
    if lists is not None and lists.by_language:
        led = lists.lists_of(known_languages() if model is None else model.labels)
        if not led:
            raise UsageError(f"{lists.source}: no language of the detector leads to one of its lists")
        languages = ALL_LANGUAGES if OTHER in lists.codes else tuple(sorted(led))
    return replace(settings, captions=replace(settings.captions, languages=languages))


def _require_packages(parsing: Parsing) -> None:
    """Import what the workers need and an installation may lack."""
    if parsing.html_parser == "beautifulsoup":
        require("bs4")
        require("html5lib")
    if parsing.language_detector == "langdetect":
        require("langdetect")


def extract_options(
    captions: Captions,
    parsing: Parsing,
    reading: Reading,
    block_words: BlockWords = NO_WORDS,
    model: LanguageModel | None = None,
) -> ExtractOptions:
    """How files are extracted. Raises `UsageError` for limits that no caption can meet, and for languages that the
    model does not know."""
    rules = CaptionRules(
        min_characters=captions.min_caption_characters,
        max_characters=captions.max_caption_characters or MAX_TEXT_CHARACTERS,
        min_words=captions.min_caption_words,
        max_words=captions.max_caption_words,
        strip_invisible=captions.strip_invisible,
        drop_file_names=captions.drop_file_names,
        block_words=block_words,
    )
    return ExtractOptions(
        languages=captions.kept_labels(model),
        language_score=captions.language_score,
        caption_rules=rules,
        profile=parsing.profile(),
        opt_outs=frozenset(parsing.opt_outs),
        html_parser=parsing.html_parser,
        language_detector=parsing.language_detector,
        language_model=None if model is None else model.path,
        max_page_bytes=parsing.max_page_bytes,
        max_record_bytes=parsing.max_record_bytes,
        max_file_seconds=reading.max_file_seconds,
    )


def source_options(inputs: Inputs, witnesses: Sequence[str] = ()) -> SourceOptions:
    """How input files are opened. `witnesses` are the addresses of some of the run's files."""
    return SourceOptions(
        s3_anonymous=inputs.s3_anonymous,
        max_connections=inputs.max_connections,
        policy=RetryPolicy(patience_s=inputs.patience),
        witnesses=tuple(witnesses),
    )


def input_files(arguments: Sequence[str], inputs: Inputs, seed: int) -> list[InputFile]:
    """The files to read: those of the INPUT arguments and of `--crawl`, or a sample of them."""
    named = list(arguments)
    if inputs.crawl is not None:
        named.append(crawl_listing(inputs.crawl, inputs.crawl_format, inputs.input_root))
    if not named:
        raise UsageError("nothing to read: name INPUTs, or a crawl by --crawl ID")
    openers = Openers(
        lambda address: open_storage(address, s3_anonymous=inputs.s3_anonymous), SourceOpener(source_options(inputs))
    )
    files = plan_inputs(named, inputs.input_root, openers)
    return sample_files(files, inputs.sample, seed) if inputs.sample is not None else files
