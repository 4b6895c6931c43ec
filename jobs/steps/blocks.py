"""The block lists of a run: read them, and identify them."""

from typing import Any

from jobs.runs.open_storage import open_storage, read_file
from jobs.settings.groups import Blocking
from jobs.spark.progress import warn
from udfs.errors import UsageError
from udfs.extraction.block_lists import BlockList, BlockListBuilder
from udfs.storage.addresses import redacted
from udfs.storage.local import PathKind

_UT1_FILES = ("domains", "urls")


def load_blocks(blocking: Blocking) -> BlockList | None:
    """The lists of `--block-domains` and `--block-urls`, None without these flags. Warns of a list without entries.

    Raises `UsageError` for a missing list, and for an invalid line.
    """
    if not blocking.block_domains and not blocking.block_urls:
        return None
    builder = BlockListBuilder()
    for address in blocking.block_domains:
        where = f"--block-domains {redacted(address)}"
        storage = open_storage(address)
        kind = storage.kind()
        if kind == PathKind.MISSING:
            raise UsageError(f"{where}: no such file or folder")
        if kind == PathKind.FILE:
            added = builder.add_domains(read_file(address), where)
        else:
            domains, urls = map(storage.read, _UT1_FILES)
            if domains is None and urls is None:
                raise UsageError(f"{where}: is a folder without the file domains or urls of a UT1 category")
            added, skipped = builder.add_ut1(domains, urls, where)
            if skipped:
                warn(f"{where}: skipped {skipped:,} lines that are neither a domain nor a URL")
        _warn_if_empty(where, added)
    for address in blocking.block_urls:
        where = f"--block-urls {redacted(address)}"
        try:
            _warn_if_empty(where, builder.add_images(read_file(address), where))
        except FileNotFoundError as error:
            raise UsageError(f"{where}: no such file") from error
    return builder.build()


def _warn_if_empty(where: str, added: int) -> None:
    if not added:
        warn(f"{where}: holds no entry: it blocks nothing")


def blocks_identity(blocks: BlockList | None) -> dict[str, Any]:
    """What identifies the block lists in run.json, None where there are none."""
    return {"blocks": None if blocks is None else blocks.fingerprint}
