"""What extraction depends on, with its defaults: the only place that states them."""

from dataclasses import KW_ONLY, dataclass

from udfs.archive.records import MAX_BLOCK_BYTES
from udfs.captions.rules import NO_RULES, CaptionRules
from udfs.html.profiles import PAPER, Profile
from udfs.opt_outs import DEFAULT_OPT_OUTS, OptOut

HTML_PARSER_NAMES = ("turbohtml", "beautifulsoup")
"""The keys of `parsers.HTML_PARSERS`, for who does not import the parsers."""


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """`languages` to keep, None for all; a text of a kept language is dropped if its score is below `language_score`.

    `max_page_bytes` bounds what is parsed of a page, after decompression, and `max_record_bytes` what is read of a
    record, before decompression of its body. Reading a file stops after `max_file_seconds`. `html_parser` is one of
    `HTML_PARSER_NAMES`, `language_detector` one of `language.LANGUAGE_DETECTORS`. `language_model` is the path of the
    fastText model in its place, where this process finds it; None for the packaged one.
    """

    languages: frozenset[str] | None
    _: KW_ONLY
    language_score: float = 0.0
    caption_rules: CaptionRules = NO_RULES
    profile: Profile = PAPER
    opt_outs: frozenset[OptOut] = frozenset(DEFAULT_OPT_OUTS)
    html_parser: str = "turbohtml"
    language_detector: str = "fasttext"
    language_model: str | None = None
    max_page_bytes: int = 64 << 20
    max_record_bytes: int = MAX_BLOCK_BYTES
    max_file_seconds: float = 3600.0


DEFAULTS = ExtractOptions(languages=None)
"""The defaults, for the settings to take theirs from; languages have none here."""
