"""The functions that take settings. `make reference` writes this file from the settings: do not edit it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.api.arguments import StrPath, paths_of, settings_of
from jobs.api.curation import run_curate
from jobs.api.frames import balance_frame, dedup_frame, extract_frame
from jobs.api.run import Run


def curate(
    inputs: StrPath | Sequence[StrPath] = (),
    *,
    out: StrPath,
    overwrite: bool = False,
    break_lock: bool = False,
    metadata: StrPath | None = None,
    boundaries: Literal["spaces", "continuous", "metaclip2"] | None = None,
    hot_lists: int = 1,
    tail_share: float | None = None,
    t: int | Sequence[int] | None = None,
    target_size: int | str | Sequence[int | str] | None = None,
    preset: Literal["400m", "2.5b"] | None = None,
    t_by_list: StrPath | None = None,
    anchor: str | None = None,
    min_list_matches: int | None = None,
    tail_rule: Literal["at-most", "nearest"] | None = None,
    per_image: Literal["all", "one"] = "all",
    languages: str | Sequence[str] = (),
    language_score: float = 0.0,
    min_caption_characters: int | None = None,
    max_caption_characters: int | None = None,
    min_caption_words: int | None = None,
    max_caption_words: int | None = None,
    strip_invisible: bool = False,
    drop_file_names: bool = False,
    block_words: StrPath | None = None,
    input_root: StrPath | None = None,
    crawl: str | None = None,
    crawl_format: Literal["warc", "wat"] = "warc",
    sample: int | None = None,
    s3_anonymous: bool = False,
    max_connections: int = 32,
    patience: int = 300,
    pairs: Literal["paper", "rich"] = "paper",
    text_keys: str | Sequence[str] | None = None,
    opt_outs: str | Sequence[str] = ("noai", "noimageai", "tdm"),
    html_parser: Literal["turbohtml", "beautifulsoup"] = "turbohtml",
    language_detector: Literal["fasttext", "langdetect"] = "fasttext",
    language_model: StrPath | None = None,
    max_page_bytes: int = 67108864,
    max_record_bytes: int = 134217728,
    block_domains: StrPath | Sequence[StrPath] = (),
    block_urls: StrPath | Sequence[StrPath] = (),
    dedup: Literal["url-caption", "url", "none"] = "url-caption",
    exclude: StrPath | Sequence[StrPath] = (),
    max_caption_repeats: int | None = None,
    max_captions_per_image: int | None = None,
    hash_slices: int = 1,
    seed: int = 0,
    no_report: bool = False,
    retry_failed: bool = False,
    max_failed_files: int | None = None,
    max_file_seconds: float = 3600.0,
    commit_every: float = 120.0,
    batch_files: int | None = None,
    master: str | None = None,
    spark_conf: Mapping[str, str] | Sequence[str] = (),
    log_format: Literal["text", "json"] = "text",
    spark_ui: bool = False,
    debug: bool = False,
    progress: bool = False,
) -> Run:
    """Run it all: from WARC and WAT files to pool, entry counts and balanced subset, in one folder.

    This is the command `ballast curate`: the same code, settings, checks and rows. A repeated call resumes an
    unfinished run, and returns a finished one. It uses the active Spark session and leaves it running, or else starts
    one and stops it. Raises `UsageError` for a mistake of the caller, and `BallastError` for a run that cannot
    continue, each with one line. What the command prints as a warning is a `BallastWarning`.

    inputs: WARC or WAT files, folders, globs, or listings of paths: one or several; local, on s3://, hdfs:// and the
        like, or https://. May be left out with `crawl`.
    out: folder to write; it is created if missing (required).
    overwrite: delete what Ballast wrote to the output folder, and start over: for a new run in the same folder.
    break_lock: write to the output folder even if another run seems to write to it: for a run that died on another
        machine less than three minutes ago.
    metadata: the list of entries: a JSON list of strings (MetaCLIP's metadata.json), text with one entry per line, JSON
        Lines, or the column entry of a CSV or TSV; plain or gzip; or a name: english or wordnet, which are packaged, or
        metaclip once `metadata fetch` has fetched it; or a folder with a list for each language, such as de.json
        (default: the packaged list english).
    boundaries: where an entry may begin and end in a caption: spaces, as in the paper; continuous, which needs no space
        in scripts without spaces, such as Han, Kana or Thai; or metaclip2, for comparison with MetaCLIP 2's rule
        (default: spaces for a file; in a folder, each list's own).
    hot_lists: of a folder of lists: how many lists each worker process keeps in its own memory, where they match
        faster: the first of which it gets 20,000 texts. 30 MB for 100,000 entries.
    tail_share: choose the largest t for which entries with fewer than t matches have at most this share of all matches;
        it suits a pool of any size (default: 0.06, unless `t`, `target_size`, `preset` or `t_by_list` is given).
    t: how many matches an entry keeps; entries with more are down-sampled. Several values, separated by commas, give
        nested subsets in subset/t=T/.
    target_size: choose the t that gives this many pairs (K, M and B for thousands, millions and billions): for a
        training budget.
    preset: the paper's t: 20,000 (400m) or 170,000 (2.5b), for pools of the paper's size.
    t_by_list: of a list for each language: the t of each, as JSON such as {"en": 20000, "de": 3000}.
    anchor: of a list for each language: the list that `t` and `preset` are for; all others get the t of the same tail
        share (default: en).
    min_list_matches: of a list for each language: keep all pairs of a list that has fewer matches than this in the pool
        (default: 1,000).
    tail_rule: the t of a tail share: at-most, the largest whose tail holds at most this share; or, for comparison,
        nearest, the one whose tail is nearest to it, as in MetaCLIP 2 (default: at-most).
    per_image: which captions of an image to draw from: all, or one that a hash picks, for subsets like MetaCLIP 2's.
    languages: languages to keep: ISO 639 codes or labels of `language_model` separated by commas, or 'all'.
    language_score: drop texts whose language score is below this, from 0 to 1: for a purer language at the cost of
        short texts.
    min_caption_characters: drop captions with fewer characters: for sets without one-letter labels.
    max_caption_characters: drop captions with more characters: for text encoders with a short context (default:
        65,536).
    min_caption_words: drop captions with fewer words, separated by white space: for sets without one-word labels.
    max_caption_words: drop captions with more words: for text encoders with a short context.
    strip_invisible: remove control, zero-width and bidirectional characters from captions, except those that scripts
        and emoji need: for tokenizers that keep them.
    drop_file_names: drop captions that are a file name, a web address or a path: for sets without IMG_1234.jpg.
    block_words: drop captions that contain a whole word or phrase of this list, in any case: for sets without abusive
        language. UTF-8 text with one per line (lines that begin with # are comments), JSON, JSON Lines, or the column
        word of a CSV or TSV; plain or gzip.
    input_root: folder or address to which the paths of a listing and the stored file names are relative, such as
        s3://commoncrawl/: for listings as CommonCrawl publishes them. With `crawl`, where to read the crawl from
        (default: with `crawl`: https://data.commoncrawl.org/).
    crawl: read the files of this CommonCrawl crawl, such as CC-MAIN-2024-10: for whole crawls.
    crawl_format: which files of `crawl` to read: warc, or wat, for smaller downloads with fewer pairs.
    sample: read only this many input files, picked by a hash of `seed` and their names, so that a larger sample
        contains a smaller one: for a trial run on a large crawl.
    s3_anonymous: read s3:// inputs without credentials: for public buckets.
    max_connections: connections that one executor (in local mode: this machine) opens at once to the servers of the
        inputs; each task needs one: lower it for servers that refuse.
    patience: seconds for which a server may refuse (403, 429, 503) before the task fails: raise it for servers that
        throttle for a long time.
    pairs: where to look for images and texts: paper (src; alt, title, data-image-title), or rich, for more pairs from
        modern pages: also URLs in lazy-loading attributes, srcset and picture, and texts in figcaption and aria-label.
    text_keys: take only these kinds of text, separated by commas: alt, title, data-image-title, figcaption, aria-label;
        for sets of one kind of text (default: those of `pairs`).
    opt_outs: which opt-outs of pages to respect, separated by commas: noai, noimageai, tdm, noindex (X-Robots-Tag
        headers, robots meta tags, tdm-reservation); or 'none', for the same rows as the paper's parser.
    html_parser: HTML parser: turbohtml; or, for checking its rows, beautifulsoup (the slow reference).
    language_detector: language detector: fasttext; or, for comparison with pipelines that use it, the slow langdetect.
    language_model: detect languages with this fastText model, .bin or .ftz, whose labels are __label__xx or
        __label__xxx_Scrp, such as lid218e or GlotLID: for more languages. Each worker process holds the model in memory
        (default: lid.176, which is packaged).
    max_page_bytes: parse at most this many bytes of a page, after decompression: lower it for workers with little
        memory.
    max_record_bytes: read at most this many bytes of a record, before its body is decompressed: lower it for workers
        with little memory. Longer WAT records are counted and left out.
    block_domains: leave out pages and images of these domains and their subdomains: for sites that object or are
        unwanted. A list with one domain per line (or a hosts file), plain or gzip, or the folder of a UT1 category; one
        or several.
    block_urls: leave out these images: for take-downs. A list with one URL or uuid per line, plain or gzip; one or
        several.
    dedup: which pairs are duplicates: those with the same image and caption; or, for one caption per image, those with
        the same image; or none.
    exclude: leave out the pairs of this pool (with `dedup` url, its images): for a crawl that extends earlier ones; one
        or several.
    max_caption_repeats: drop all pairs of a caption that occurs on more distinct images than this: for sets without
        boilerplate.
    max_captions_per_image: drop all pairs of an image that has more distinct captions than this: for sets without
        placeholder images.
    hash_slices: deduplicate in this many committed slices, each of which reads the pairs once: for clusters with little
        scratch space.
    seed: seed of every random choice: the same seed gives the same rows; change it for another random subset.
    no_report: do not draw report.html at the end: for scripts (`ballast report DIR` draws it later).
    retry_failed: read failed and partial files again, and rebuild everything downstream: for files that are repaired.
    max_failed_files: stop when more files than this fail: for unattended runs (default: never).
    max_file_seconds: stop reading a file after this many seconds, and mark it partial: raise it for slow servers.
    commit_every: commit what was read about every so many seconds, or after one task per core if that takes longer; a
        stopped run loses what was read since: lower it for hosts that may vanish.
    batch_files: never commit more input files together than this: for tests of resuming, and for drivers with little
        memory (default: as many as `commit_every` takes).
    master: Spark master: for a cluster, or for fewer cores, such as local[2] (default: spark-submit's, else local[*]).
    spark_conf: set a Spark setting, such as spark.driver.memory=8g: for large runs; one or several.
    log_format: format of the log lines: text; or, for programs that collect logs, one JSON object per line with the
        keys time, level and message, and the figures of a progress line by name.
    spark_ui: serve Spark's pages about jobs and tasks while the command runs, and print their address: for finding out
        why a run is slow.
    debug: show stack traces and Spark's warnings: for bug reports.
    progress: print the progress on standard error, as the command does.
    """
    return run_curate(paths_of(inputs), settings_of(locals()), progress=progress)


def extract(
    spark: SparkSession,
    inputs: StrPath | Sequence[StrPath] = (),
    *,
    languages: str | Sequence[str] = (),
    language_score: float = 0.0,
    min_caption_characters: int | None = None,
    max_caption_characters: int | None = None,
    min_caption_words: int | None = None,
    max_caption_words: int | None = None,
    strip_invisible: bool = False,
    drop_file_names: bool = False,
    block_words: StrPath | None = None,
    input_root: StrPath | None = None,
    crawl: str | None = None,
    crawl_format: Literal["warc", "wat"] = "warc",
    sample: int | None = None,
    s3_anonymous: bool = False,
    max_connections: int = 32,
    patience: int = 300,
    pairs: Literal["paper", "rich"] = "paper",
    text_keys: str | Sequence[str] | None = None,
    opt_outs: str | Sequence[str] = ("noai", "noimageai", "tdm"),
    html_parser: Literal["turbohtml", "beautifulsoup"] = "turbohtml",
    language_detector: Literal["fasttext", "langdetect"] = "fasttext",
    language_model: StrPath | None = None,
    max_page_bytes: int = 67108864,
    max_record_bytes: int = 134217728,
    block_domains: StrPath | Sequence[StrPath] = (),
    block_urls: StrPath | Sequence[StrPath] = (),
    seed: int = 0,
    max_file_seconds: float = 3600.0,
    with_files: bool = False,
) -> DataFrame:
    """Parse WARC and WAT files into pairs: a frame with the columns of `extracted/` in the reference.

    Lazy, except that the list of input files is read. A file that fails gives no pairs and raises nothing: `with_files`
    shows what became of each. Raises `UsageError` for invalid arguments.

    spark: the session to use.
    inputs: WARC or WAT files, folders, globs, or listings of paths: one or several; local, on s3://, hdfs:// and the
        like, or https://. May be left out with `crawl`.
    languages: languages to keep: ISO 639 codes or labels of `language_model` separated by commas, or 'all'.
    language_score: drop texts whose language score is below this, from 0 to 1: for a purer language at the cost of
        short texts.
    min_caption_characters: drop captions with fewer characters: for sets without one-letter labels.
    max_caption_characters: drop captions with more characters: for text encoders with a short context (default:
        65,536).
    min_caption_words: drop captions with fewer words, separated by white space: for sets without one-word labels.
    max_caption_words: drop captions with more words: for text encoders with a short context.
    strip_invisible: remove control, zero-width and bidirectional characters from captions, except those that scripts
        and emoji need: for tokenizers that keep them.
    drop_file_names: drop captions that are a file name, a web address or a path: for sets without IMG_1234.jpg.
    block_words: drop captions that contain a whole word or phrase of this list, in any case: for sets without abusive
        language. UTF-8 text with one per line (lines that begin with # are comments), JSON, JSON Lines, or the column
        word of a CSV or TSV; plain or gzip.
    input_root: folder or address to which the paths of a listing and the stored file names are relative, such as
        s3://commoncrawl/: for listings as CommonCrawl publishes them. With `crawl`, where to read the crawl from
        (default: with `crawl`: https://data.commoncrawl.org/).
    crawl: read the files of this CommonCrawl crawl, such as CC-MAIN-2024-10: for whole crawls.
    crawl_format: which files of `crawl` to read: warc, or wat, for smaller downloads with fewer pairs.
    sample: read only this many input files, picked by a hash of `seed` and their names, so that a larger sample
        contains a smaller one: for a trial run on a large crawl.
    s3_anonymous: read s3:// inputs without credentials: for public buckets.
    max_connections: connections that one executor (in local mode: this machine) opens at once to the servers of the
        inputs; each task needs one: lower it for servers that refuse.
    patience: seconds for which a server may refuse (403, 429, 503) before the task fails: raise it for servers that
        throttle for a long time.
    pairs: where to look for images and texts: paper (src; alt, title, data-image-title), or rich, for more pairs from
        modern pages: also URLs in lazy-loading attributes, srcset and picture, and texts in figcaption and aria-label.
    text_keys: take only these kinds of text, separated by commas: alt, title, data-image-title, figcaption, aria-label;
        for sets of one kind of text (default: those of `pairs`).
    opt_outs: which opt-outs of pages to respect, separated by commas: noai, noimageai, tdm, noindex (X-Robots-Tag
        headers, robots meta tags, tdm-reservation); or 'none', for the same rows as the paper's parser.
    html_parser: HTML parser: turbohtml; or, for checking its rows, beautifulsoup (the slow reference).
    language_detector: language detector: fasttext; or, for comparison with pipelines that use it, the slow langdetect.
    language_model: detect languages with this fastText model, .bin or .ftz, whose labels are __label__xx or
        __label__xxx_Scrp, such as lid218e or GlotLID: for more languages. Each worker process holds the model in memory
        (default: lid.176, which is packaged).
    max_page_bytes: parse at most this many bytes of a page, after decompression: lower it for workers with little
        memory.
    max_record_bytes: read at most this many bytes of a record, before its body is decompressed: lower it for workers
        with little memory. Longer WAT records are counted and left out.
    block_domains: leave out pages and images of these domains and their subdomains: for sites that object or are
        unwanted. A list with one domain per line (or a hosts file), plain or gzip, or the folder of a UT1 category; one
        or several.
    block_urls: leave out these images: for take-downs. A list with one URL or uuid per line, plain or gzip; one or
        several.
    seed: seed of every random choice: the same seed gives the same rows; change it for another random subset.
    max_file_seconds: stop reading a file after this many seconds, and mark it partial: raise it for slow servers.
    with_files: also return a row per input file: `kind` is `pair` or `file`, and the struct `file` has the columns of
        `files/` in the reference. Write the frame partitioned by `kind` to get both in one pass.
    """
    return extract_frame(spark, paths_of(inputs), settings_of(locals()), with_files=with_files)


def dedup(
    frame: DataFrame,
    *,
    dedup: Literal["url-caption", "url", "none"] = "url-caption",
    seed: int = 0,
) -> DataFrame:
    """Keep one copy of each pair, or of each image, and add `duplicates`, the number of copies.

    Lazy. All columns stay. Of equal copies, the smallest by the columns that tell where a pair comes from is kept, and
    then by the others, so the result does not depend on partitions.

    frame: rows with `uuid` and `caption_hash`, which `match` adds.
    dedup: which pairs are duplicates: those with the same image and caption; or, for one caption per image, those with
        the same image; or none.
    seed: seed of every random choice: the same seed gives the same rows; change it for another random subset.
    """
    return dedup_frame(frame, settings_of(locals()))


def balance(
    pool: DataFrame,
    counts: pa.Table | Mapping[str, int],
    *,
    tail_share: float | None = None,
    t: int | Sequence[int] | None = None,
    target_size: int | str | Sequence[int | str] | None = None,
    preset: Literal["400m", "2.5b"] | None = None,
    t_by_list: StrPath | None = None,
    anchor: str | None = None,
    min_list_matches: int | None = None,
    tail_rule: Literal["at-most", "nearest"] | None = None,
    per_image: Literal["all", "one"] = "all",
    seed: int = 0,
) -> DataFrame:
    """Draw the balanced subset: a row is kept with a probability, `keep_prob`, that depends on its entries' counts.

    Lazy, except that `target_size` and `preset` run a pass over the frame. All columns stay. With several t, the result
    has the rows of every subset and a column `t`. The draw of a row is a hash of the seed, its `uuid` and its
    `caption_hash`. Raises `UsageError` for invalid arguments and for counts of another list.

    pool: rows with `uuid`, `caption_hash` and `entry_ids`, which `match` adds.
    counts: the table of `count` or of `Run.counts`, or a mapping {entry: count} in the order of the list of entries.
    tail_share: choose the largest t for which entries with fewer than t matches have at most this share of all matches;
        it suits a pool of any size (default: 0.06, unless `t`, `target_size`, `preset` or `t_by_list` is given).
    t: how many matches an entry keeps; entries with more are down-sampled. Several values, separated by commas, give
        nested subsets in subset/t=T/.
    target_size: choose the t that gives this many pairs (K, M and B for thousands, millions and billions): for a
        training budget.
    preset: the paper's t: 20,000 (400m) or 170,000 (2.5b), for pools of the paper's size.
    t_by_list: of a list for each language: the t of each, as JSON such as {"en": 20000, "de": 3000}.
    anchor: of a list for each language: the list that `t` and `preset` are for; all others get the t of the same tail
        share (default: en).
    min_list_matches: of a list for each language: keep all pairs of a list that has fewer matches than this in the pool
        (default: 1,000).
    tail_rule: the t of a tail share: at-most, the largest whose tail holds at most this share; or, for comparison,
        nearest, the one whose tail is nearest to it, as in MetaCLIP 2 (default: at-most).
    per_image: which captions of an image to draw from: all, or one that a hash picks, for subsets like MetaCLIP 2's.
    seed: seed of every random choice: the same seed gives the same rows; change it for another random subset.
    """
    return balance_frame(pool, counts, settings_of(locals()))
