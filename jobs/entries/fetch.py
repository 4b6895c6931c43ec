"""Fetch: a list that others publish, from its address, a mirror or a file, into the cache."""

import hashlib
import json
from dataclasses import dataclass

from metadata.entries import EntryList, parse_entries
from metadata.published import PUBLISHED, Published, recorded_sha256
from udfs.errors import BallastError, SourceRefused, UsageError
from udfs.sources.opener import SourceOpener
from udfs.sources.options import RetryPolicy, SourceOptions
from udfs.storage.addresses import LOCAL, kind_of, redacted
from udfs.storage.local import LocalStorage

_MOST_BYTES = 256 << 20
_POLICY = RetryPolicy(breaks=3, patience_s=5.0, doubt_s=1.0, connect_timeout_s=10.0, read_timeout_s=30.0, slow_s=30.0)


@dataclass(frozen=True, slots=True)
class FetchedList:
    """A list in the cache, and the size and hash of its file."""

    entries: EntryList
    address: str
    """Where it was fetched from, without user and query."""
    bytes: int
    sha256: str
    is_first: bool
    """Whether no hash was recorded before: it cannot be compared with an earlier one."""


def fetch_list(name: str, source: str | None, *, accept_license: bool) -> tuple[Published, FetchedList]:
    """Fetch a published list from its address, or from `source`, and write it to the cache with its hash; return both.

    Raises UsageError for an unknown name, a licence that is not accepted, and a file that is not this list or differs
    from the one recorded; BallastError for an address that cannot be read. Then the cache stays as it was.
    """
    if name not in PUBLISHED:
        raise UsageError(f"'{name}' is no published list that Ballast knows: name {' or '.join(PUBLISHED)}")
    listed = PUBLISHED[name]
    if not accept_license:
        raise UsageError(f"{name}: its licence is {listed.licence}: accept it with --accept-license")
    address = source or listed.address
    data = _read(address, listed)
    digest, recorded = hashlib.sha256(data).hexdigest(), recorded_sha256(listed)
    entries = parse_entries(data, redacted(address))
    if entries.size != listed.entries:
        raise UsageError(
            f"{redacted(address)}: holds {entries.size:,} entries, but {name} has {listed.entries:,}: another file"
        )
    if recorded not in (None, digest):
        raise UsageError(
            f"{redacted(address)}: its SHA-256 is {digest}, but {recorded} was fetched before: to take the new file, "
            f"delete {listed.record_path}"
        )
    about = {"address": redacted(address), "licence": listed.licence, "bytes": len(data), "sha256": digest}
    folder = LocalStorage(str(listed.path.parent))
    folder.write(listed.path.name, data)
    folder.write(listed.record_path.name, (json.dumps(about, indent=2) + "\n").encode())
    return listed, FetchedList(entries, redacted(address), len(data), digest, recorded is None)


def _read(address: str, listed: Published) -> bytes:
    try:
        with SourceOpener(SourceOptions(policy=_POLICY))(address) as stream:
            data = bytearray()
            while chunk := stream.read(1 << 20):
                data += chunk
                if len(data) > _MOST_BYTES:
                    raise UsageError(f"{redacted(address)}: is larger than {_MOST_BYTES:,} bytes: another file")
            return bytes(data)
    except (OSError, SourceRefused) as error:
        why = error.reason if isinstance(error, SourceRefused) else str(error.strerror or error)
        if kind_of(address) == LOCAL:
            raise UsageError(f"{address}: cannot be read: {why}") from error
        original = "it" if address == listed.address else listed.address
        raise BallastError(
            f"{redacted(address)}: cannot be fetched: {why}; download {original} by other means, then name the file as "
            "--from FILE"
        ) from error
