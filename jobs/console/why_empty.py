"""Why a run gave nothing, in one line: the most frequent reason, and the flag that changes it. Made from run.json."""

from typing import NamedTuple

from udfs.image_outcomes import ImageOutcome
from udfs.opt_outs import OPTED_OUT
from udfs.outcomes import SUMS, FileStatus, Outcome
from udfs.record import RunRecord
from udfs.report.words import listed
from udfs.stages import FilesFacts, PoolFacts

_NAMED_LANGUAGES = 20
_RICH = "--pairs rich"
_BLOCKS = "--block-domains, --block-urls"


class Reason(NamedTuple):
    """Why items were dropped: what is said of them (a verb first), and the flags or advice, if any, that change it."""

    phrase: str
    change: str = ""


REASONS: dict[Outcome, Reason] = {
    Outcome.RECORD_NOT_RESPONSE: Reason("are not HTTP responses"),
    Outcome.RECORD_DAMAGED: Reason("are damaged", "download the files again, then --retry-failed"),
    Outcome.RECORD_CONVERSION: Reason("are texts, as in a WET", "name the WARC or WAT"),
    Outcome.RECORD_UNREADABLE: Reason("cannot be parsed"),
    Outcome.RECORD_TOO_LONG: Reason("are too long", "--max-record-bytes"),
    Outcome.PAGE_NOT_HTML: Reason("are not HTML"),
    Outcome.PAGE_BLOCKED: Reason("are pages of blocked sites", "--block-domains"),
    **{outcome: Reason("are pages that opted out", "--opt-outs") for outcome in OPTED_OUT},
    Outcome.IMAGE_NO_URL: Reason("have no src", _RICH),
    Outcome.IMAGE_DATA_URL: Reason("have a data: URL as src", _RICH),
    Outcome.IMAGE_NOT_HTTP: Reason("have a URL that is not http or https"),
    Outcome.IMAGE_UNRESOLVABLE: Reason("have no valid URL"),
    Outcome.IMAGE_URL_TOO_LONG: Reason("have a URL that is too long"),
    Outcome.IMAGE_BLOCKED: Reason("are blocked", _BLOCKS),
    Outcome.IMAGE_NO_TEXT: Reason("have no text", f"{_RICH}, --text-keys"),
    Outcome.TEXT_NO_URL: Reason("belong to images without a usable URL", _RICH),
    Outcome.TEXT_BLOCKED: Reason("belong to blocked images", _BLOCKS),
    Outcome.TEXT_BLANK: Reason("are blank", _RICH),
    Outcome.TEXT_TOO_LONG: Reason("are too long", "--max-caption-characters, --max-caption-words"),
    Outcome.TEXT_TOO_SHORT: Reason("are too short", "--min-caption-characters, --min-caption-words"),
    Outcome.TEXT_FILE_NAME: Reason("are file names", "--drop-file-names"),
    Outcome.TEXT_BLOCK_WORD: Reason("contain blocked words", "--block-words"),
    Outcome.TEXT_OTHER_LANGUAGE: Reason("are in other languages", "--languages"),
    Outcome.TEXT_UNSURE_LANGUAGE: Reason("have too low a language score", "--language-score"),
    Outcome.TEXT_NO_LIST: Reason(
        "are in a language without a list", "`ballast metadata show DIR` tells which languages lead to a list"
    ),
    Outcome.TEXT_NO_MATCH: Reason("hold no entry of the list", "--metadata"),
}
"""Each outcome that drops a record, image or text."""

_SINGULAR = {"are": "is", "have": "has", "hold": "holds", "belong": "belongs", "contain": "contains"}


def why_empty(record: RunRecord) -> str | None:
    """Why the result of a run is empty; None if it holds something, and for a run without rows of its own."""
    stages = record.stages
    if stages.files and not stages.files.count(Outcome.PAIRS):
        return _of_files(stages.files, record)
    if (matched := stages.matched) and not matched.pairs:
        no_list = matched.text_no_list or 0
        outcome = Outcome.TEXT_NO_MATCH if matched.text_no_match >= no_list else Outcome.TEXT_NO_LIST
        number = matched.texts if not no_list else max(matched.text_no_match, no_list)
        return f"0 pairs: {_said(number, matched.texts, 'text', REASONS[outcome])}"
    if stages.pool and not stages.pool.pairs:
        return _of_pool(stages.pool)
    for subset in record.subsets:
        if not subset.facts.pairs:
            drawn_from = _n(subset.pool_pairs, "pair")
            larger = " (a larger --t or --tail-share keeps more)" if subset.pool_pairs else ""
            t = "the t of each list" if subset.t is None else f"t={subset.t:,}"
            return f"0 pairs in {subset.folder}: {t} keeps none of {drawn_from}{larger}"
    if stages.images and not stages.images.images:
        return "0 images: the input holds no pairs"
    if stages.export and not stages.export.rows:
        return "0 rows: the input holds none"
    if stages.checked and not stages.checked.outcomes.get(ImageOutcome.SUCCESS):
        if not stages.checked.samples:
            return "0 samples: the download holds none"
        status, number = max(stages.checked.outcomes.items(), key=lambda item: item[1])
        meaning = ImageOutcome(status).meaning
        return f"0 images: {number:,} of {_n(stages.checked.samples, 'sample')} are {status}: {meaning}"
    if stages.embeddings and not stages.embeddings.images:
        return "0 embeddings: no image of the input has the status success, or none could be read again"
    if stages.shards and not stages.shards.samples:
        return "0 samples: no pair of the subset has an image (left_out/ says why)"
    return None


def _of_files(facts: FilesFacts, record: RunRecord) -> str:
    """Why input files gave no pair: the largest reason at the first step that nothing passed."""
    count = facts.count
    if not count(Outcome.PAGES):
        text = f"no page: {_largest(facts, record, Outcome.RECORDS)}"
    elif not count(Outcome.IMAGES):
        text = f"{_all(count(Outcome.PAGES), 'page')} {'has' if count(Outcome.PAGES) == 1 else 'have'} no image"
        left_out = [(count(outcome), outcome) for outcome in (*OPTED_OUT, Outcome.PAGE_BLOCKED, Outcome.PAGE_NOT_HTML)]
        if max(left_out)[0] > count(Outcome.PAGES):
            text += f", and {_largest(facts, record, Outcome.RECORDS)}"
    elif not count(Outcome.TEXTS):
        text = _largest(facts, record, Outcome.IMAGES)
    else:
        text = _largest(facts, record, Outcome.TEXTS)
    failed = facts.ended(FileStatus.FAILED)
    return f"0 pairs: {text}" + (f"; {failed:,} of {_n(facts.files, 'input file')} failed" if failed else "")


def _largest(facts: FilesFacts, record: RunRecord, total: Outcome) -> str:
    """The outcome that dropped most records, images or texts. Records that are no responses count only if all are
    such: a WARC has a request and metadata beside most responses."""
    dropped = {outcome: facts.count(outcome) for outcome in SUMS[total] if outcome in REASONS}
    items = facts.count(total)
    beside = dropped.get(Outcome.RECORD_NOT_RESPONSE, 0)
    if 0 < beside < items:
        dropped[Outcome.RECORD_NOT_RESPONSE] = 0
        items -= beside
    outcome, number = max(dropped.items(), key=lambda item: item[1])
    reason = REASONS[outcome]
    if outcome is Outcome.TEXT_OTHER_LANGUAGE and record.setting("languages"):
        kept = record.setting("languages")
        named = "are not English" if kept == ["en"] else f"are in none of {listed(kept, _NAMED_LANGUAGES)}"
        change = REASONS[Outcome.TEXT_NO_LIST].change if record.by_language else reason.change
        reason = Reason(named, change)
    if reason.change == _RICH and record.setting("pairs") == "rich":
        reason = reason._replace(change="")
    return _said(number, items, total.value.removesuffix("s"), reason)


def _of_pool(facts: PoolFacts) -> str:
    """Why a pool is empty although there were pairs."""
    left_out = [
        (facts.excluded or 0, Reason("are in a pool of --exclude")),
        (facts.blocked or 0, Reason("are blocked", _BLOCKS)),
        (facts.repeated or 0, Reason("repeat too often", "--max-caption-repeats, --max-captions-per-image")),
    ]
    copies = sum(number for number, _ in left_out)
    if not copies:
        return "0 pairs in the pool: the input holds none"
    number, (phrase, change) = max(left_out, key=lambda item: item[0])
    return f"0 pairs in the pool: {number:,} of {copies:,} copies {phrase}{f' ({change})' if change else ''}"


def _said(number: int, items: int, name: str, reason: Reason) -> str:
    """Such as `15 of 16 texts are not English (--languages)`."""
    if not items:
        return f"there is no {name}"
    verb, rest = reason.phrase.split(" ", 1)
    one = number == 1
    subject = _all(items, name) if number == items else f"{number:,} of {_n(items, name)}"
    change = f" ({reason.change})" if reason.change else ""
    return f"{subject} {_SINGULAR.get(verb, verb) if one else verb} {rest}{change}"


def _all(items: int, name: str) -> str:
    return f"the only {name}" if items == 1 else f"all {_n(items, name)}"


def _n(items: int, name: str) -> str:
    return f"{items:,} {name}{'s' * (items != 1)}"
