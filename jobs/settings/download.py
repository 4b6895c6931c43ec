"""The settings of what leads to a download and back from it, in groups by concern (see `groups`)."""

from dataclasses import dataclass

from jobs.settings import values
from jobs.settings.fields import Kind, Role, setting
from udfs.errors import UsageError

EXPORT_FORMATS = ("parquet", "jsonl", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """images"""

    max_captions: int = setting(
        "list at most this many captions of an image; the others are only counted: for downloaders that read rows into "
        "memory",
        default=100,
        kind=Kind(values.at_least_one, "N"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """files"""

    format: str = setting(
        "format of the files: Parquet; or, for tools that do not read it, JSON with one row per line, or CSV with a "
        "header and lists as JSON arrays",
        default="parquet",
        choices=EXPORT_FORMATS,
    )
    shards: int = setting(
        "files to write: as many as the tool reads in parallel. All captions of an image are in the same file; files "
        "without rows are left out, and the others are numbered from 00000 on",
        default=16,
        kind=Kind(values.at_least_one, "N"),
    )
    no_gzip: bool = setting("do not compress jsonl and csv: for tools that do not read gzip", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """after a download"""

    survivors: str | None = setting(
        "balance only these images, or with a column caption_hash only these pairs: for pairs whose images were "
        "downloaded. Parquet, CSV, TSV or JSON Lines with a column uuid or url (such as img2dataset's metadata; with a "
        "column status, only 'success' counts), a folder of such files, or text with one uuid or URL per line",
        kind=Kind(values.path, "PATH"),
        role=Role.CONTENT,
        read_by_spark=True,
    )
    where: str | None = setting(
        'keep only survivors that meet this SQL condition: for filters by score, such as "nsfw < 0.5 AND clip >= 0.28"',
        kind=Kind(str, "SQL"),
    )
    keep_top: float | None = setting(
        "keep only this share of the survivors, those with the highest --by, after --where: for filters by quantile, "
        "such as the best 30 % by an image-text score",
        kind=Kind(values.share_above_zero, "S"),
    )
    by: str | None = setting(
        "the column of numbers by which --keep-top chooses; rows where it is null or NaN are not kept",
        kind=Kind(str, "COLUMN"),
    )

    @property
    def filters(self) -> bool:
        """Whether some of the survivors are left out."""
        return self.where is not None or self.keep_top is not None

    def check(self) -> None:
        """Raise `UsageError` for settings that lack another."""
        if self.survivors is None:
            for flag, value in (("--where", self.where), ("--keep-top", self.keep_top), ("--by", self.by)):
                if value is not None:
                    raise UsageError(f"{flag}: it filters the rows of --survivors: name them")
        if (self.keep_top is None) != (self.by is None):
            raise UsageError("--keep-top S needs --by COLUMN, and --by needs --keep-top")
