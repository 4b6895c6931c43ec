"""A small web in many languages, lists of entries for some of them, and the pairs that plain Python finds in it.

Pages have the charsets of old pages. The languages are those that lid.176 names, so some captions of a page go astray,
as they do in a crawl.
"""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import accumulate
from pathlib import Path

import fasttext
import reference
import xxhash
from build_warcs import Record, page, write_records
from matching.naive_rules import naive_ids

from udfs.matching.boundaries import Boundaries

WORDS = {
    "en": "the old ferry in harbour with red boats and a white house near that lighthouse of our small town",
    "de": "die alte Fähre im Hafen und das weiße Haus neben einem großen Leuchtturm der kleinen Stadt nicht weit",
    "ru": "старый паром в гавани и белый дом возле высокого маяка нашего города на берегу моря красные лодки",
    "zh": "港口 的 红色 渡轮 和 白色 房子 在 城市 旁边 灯塔 我们 这个 老 船 海边 风景 照片",
    "ja": "港 の 赤い フェリー と 白い 家 は 町 で 灯台 この 古い 船 です 海 写真 カメラ",
    "th": "เรือ เฟอร์รี่ สีแดง ใน ท่าเรือ และ บ้าน สีขาว ใกล้ ประภาคาร ของ เมือง นี้ เก่า ทะเล ภาพถ่าย",
    "fr": "le vieux bateau dans le port avec une maison blanche près du phare de notre petite ville rouge",
    "ko": "항구 의 빨간 여객선 그리고 하얀 집 옆 등대 우리 도시 오래된 배 바다 사진",
}
CHARSETS = {
    "en": ("utf-8", "windows-1252"),
    "de": ("iso-8859-1", "utf-8"),
    "ru": ("windows-1251", "koi8-r"),
    "zh": ("gb18030", "utf-8"),
    "ja": ("shift_jis", "euc-jp"),
    "th": ("windows-874", "utf-8"),
    "fr": ("iso-8859-15", "utf-8"),
    "ko": ("euc-kr", "utf-8"),
}
_PYTHON_NAMES = {"windows-874": "cp874"}
GLUE = {"zh": "", "ja": "", "th": ""}
LISTED = ("de", "en", "ja", "ru", "th", "zh")
CONTINUOUS = ("ja", "th", "zh")
PAGES = {"en": 10, "de": 5, "ru": 5, "zh": 5, "ja": 4, "th": 2, "fr": 1, "ko": 1}
IMAGES_A_PAGE = 30
SITE = "https://web.example"


@dataclass(frozen=True)
class Web:
    """Archives in a folder; the lists of entries by code; and what was written on which page."""

    folder: Path
    lists: Mapping[str, tuple[str, ...]]
    captions: tuple[tuple[str, str, int, str, str, str], ...]
    """Archive, page, offset, image, attribute and text of each."""

    def lists_folder(self, parent: Path, codes: Sequence[str], **further: Sequence[str]) -> Path:
        """A new folder with the lists of these codes, and `further` ones."""
        parent.mkdir()
        for code, entries in {**{code: self.lists[code] for code in codes}, **further}.items():
            (parent / f"{code}.json").write_text(json.dumps(list(entries), ensure_ascii=False), encoding="utf-8")
        return parent

    def pairs(
        self, lists: Mapping[str, Sequence[str]], other: str | None = None, boundaries: Boundaries | None = None
    ) -> list[reference.Pair]:
        """The matched pairs with these lists, of captions in any language; by default with each list's boundaries."""
        matched = (_matched(written, lists, other, boundaries) for written in self.captions)
        return [pair for pair in matched if pair is not None]

    def languages(self) -> list[str]:
        """The language of every caption."""
        return [language_of(reference.canonical(text)) for *_, text in self.captions]


@cache
def _model() -> fasttext.FastText._FastText:
    return fasttext.load_model(str(reference.MODEL))


@cache
def language_of(caption: str) -> str:
    (label,), _ = _model().predict(caption)
    return label.removeprefix("__label__")


def list_of(language: str, codes: Sequence[str] | Mapping[str, Sequence[str]], other: str | None = None) -> str | None:
    """The list of a language, by the specification: that of its name; that of Chinese for Cantonese."""
    if language in codes:
        return language
    return "zh" if language == "yue" and "zh" in codes else other


def _matched(
    written: tuple[str, str, int, str, str, str],
    lists: Mapping[str, Sequence[str]],
    other: str | None,
    boundaries: Boundaries | None,
) -> reference.Pair | None:
    archive, page_url, offset, image, key, text = written
    caption = reference.canonical(text)
    language = language_of(caption)
    code = list_of(language, lists, other)
    if code is None:
        return None
    own = Boundaries.CONTINUOUS if code in CONTINUOUS else Boundaries.SPACES
    ids = ids_of(caption, tuple(lists[code]), boundaries or own)
    if not ids:
        return None
    uuid = hashlib.sha224(image.encode()).hexdigest()[:24]
    digest = reference.signed(xxhash.xxh3_64(caption.encode()).intdigest())
    return reference.Pair(uuid, image, caption, key, language, digest, ids, page_url, archive, offset, code)


@cache
def ids_of(caption: str, entries: tuple[str, ...], boundaries: Boundaries) -> tuple[int, ...]:
    return tuple(naive_ids(caption, list(entries), boundaries))


def captions_of(language: str, number: int, seed: int) -> list[str]:
    """Captions of three to nine words, the first words of the language most often."""
    rng, words = random.Random(f"{language} {seed}"), WORDS[language].split()
    weights = list(accumulate(1 / place for place in range(1, len(words) + 1)))
    glue = GLUE.get(language, " ")
    return [glue.join(rng.choices(words, cum_weights=weights, k=rng.randint(3, 9))) for _ in range(number)]


def entries_of(language: str) -> tuple[str, ...]:
    """The words of a language, some pairs of them, an entry with a mark, and one that nothing holds."""
    words = list(dict.fromkeys(WORDS[language].split()))
    glue = GLUE.get(language, " ")
    pairs = [f"{one}{glue}{two}" for one, two in zip(words, words[2:], strict=False)]
    return tuple(dict.fromkeys([*pairs[::2], *words, f"{words[0]} {words[1]}", ".", "nowhere", *pairs[1::2]]))


def write_web(folder: Path, pages: Mapping[str, int] = PAGES) -> Web:
    """Write two archives of pages. An image may be on several pages, also of different languages."""
    folder.mkdir()
    rng = random.Random(5)
    records: list[list[Record]] = [[], []]
    written: list[list[tuple[int, str, str, str]]] = [[], []]
    for language, number in pages.items():
        for at in range(number):
            archive = rng.randrange(2)
            texts = captions_of(language, IMAGES_A_PAGE, at)
            charset = CHARSETS[language][at % 2]
            images = [(f"{SITE}/{rng.randrange(400)}.jpg", text) for text in texts]
            titles = [rng.choice(texts) + "." if rng.random() < 0.3 else None for _ in texts]
            body = "".join(
                f'<img src="{image}" alt="{alt}"' + ("" if title is None else f' title="{title}"') + ">"
                for (image, alt), title in zip(images, titles, strict=True)
            )
            head = f'<html><head><meta charset="{charset}"></head><body>{body}</body></html>'
            url = f"{SITE}/{language}/{at}.html"
            # the charset stands in the header of every other page, and in all pages
            kind = f"text/html; charset={charset}" if at % 4 < 2 else "text/html"
            encoded = head.encode(_PYTHON_NAMES.get(charset, charset))
            place = len(records[archive])
            records[archive].append(page(encoded, url, kind))
            for (image, alt), title in zip(images, titles, strict=True):
                written[archive].append((place, url, image, "alt", alt))
                if title is not None:
                    written[archive].append((place, url, image, "title", title))
    captions = []
    for archive, of_archive in enumerate(written):
        name = f"{archive}.warc.gz"
        parts = write_records(records[archive], gzip=True)
        (folder / name).write_bytes(b"".join(parts))
        offsets = [0, *accumulate(map(len, parts))]
        captions += [(name, url, offsets[place], image, key, text) for place, url, image, key, text in of_archive]
    return Web(folder, {code: entries_of(code) for code in WORDS}, tuple(captions))


SEED, SHARE, LEAST = 7, 0.2, 400
DRAW = {"tail_share": SHARE, "min_list_matches": LEAST, "seed": SEED}


@dataclass(frozen=True)
class Curated:
    """The web curated with the lists of `LISTED`: where the lists and the run are, and the pairs of its pool."""

    web: Web
    lists: Path
    out: Path
    entries: Mapping[str, tuple[str, ...]]
    pool: tuple[tuple[reference.Pair, int], ...]

    @property
    def pairs(self) -> list[reference.Pair]:
        return [pair for pair, _ in self.pool]


def thresholds(
    pool: Sequence[reference.Pair],
    lists: Mapping[str, Sequence[str]],
    share: float | Fraction,
    *,
    least: int = 1000,
    nearest: bool = False,
) -> dict[str, int]:
    """The t of each list at a tail share; a list with fewer than `least` matches keeps all."""
    t_of = reference.t_of_nearest_share if nearest else reference.t_of_tail_share
    found = {}
    for code, counts in counts_of(pool, lists).items():
        found[code] = max(counts) + 1 if sum(counts) < max(least, 1) else t_of(counts, share)
    return found


def counts_of(pool: Sequence[reference.Pair], lists: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    return {code: reference.entry_counts(reference.of_list(pool, code), len(lists[code])) for code in lists}


def drawn(
    pool: Sequence[reference.Pair],
    lists: Mapping[str, Sequence[str]],
    ts: Mapping[str, int],
    seed: int,
    counted: Sequence[reference.Pair] | None = None,
) -> dict[reference.Pair, float]:
    """The subset with its keep probabilities; the entries are counted in `counted`, by default the pool itself."""
    counts = counts_of(pool if counted is None else counted, lists)
    kept: dict[reference.Pair, float] = {}
    for code in lists:
        kept |= reference.subset(reference.of_list(pool, code), counts[code], ts[code], seed)
    return kept


def one_an_image(pool: Sequence[reference.Pair], seed: int) -> list[reference.Pair]:
    """One caption of each image, in whatever language: the one of the smallest hash."""
    best: dict[str, tuple[int, int]] = {}
    for pair in pool:
        picked = (reference.pair_hash("pick", seed, pair.uuid, pair.caption_hash), pair.caption_hash)
        best[pair.uuid] = min(best.get(pair.uuid, picked), picked)
    return [pair for pair in pool if best[pair.uuid][1] == pair.caption_hash]
