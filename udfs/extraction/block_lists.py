"""What is not to be taken: sites by domain, and single images by URL or uuid.

A listed domain stands for itself and everything below it, `example.com` for `www.example.com`, not for
`notexample.com`. No list of public suffixes is asked: what a line names is blocked, so `co.uk` would block all of it;
a single label (`com`) is refused. Millions of lines are held as sorted 64-bit hashes, 8 bytes a line: with 4 million
lines a name that is not listed is taken for one with probability 2e-13.
"""

import gzip
import hashlib
import ipaddress
import re
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ada_url import normalize_url
from xxhash import xxh3_64_intdigest

from udfs.errors import UsageError
from udfs.extraction.urls import image_url
from udfs.hashing import image_uuid
from udfs.outcomes import Outcome

Hashes = npt.NDArray[np.uint64]

_GZIP_MAGIC = b"\x1f\x8b"
_SHOWN_CHARACTERS = 60
_REMEMBERED_HOSTS = 1 << 16
_DEEPEST = 32  # folders of a path that may be listed themselves
# Serialising changes nothing: lower-case labels without Punycode to check, the last of them no number
_plain = re.compile(r"(?!xn--)(?:[a-z0-9_-]++\.(?!xn--))++[a-z][a-z0-9_-]*+", re.ASCII).fullmatch
_no_name = re.compile(r"[/\\?#@%:\[\]|^*,=]").search
_uuid = re.compile(r"[0-9a-f]{24}", re.IGNORECASE).fullmatch


def _hash(name: str) -> int:
    return xxh3_64_intdigest(name.encode())


class BlockList(NamedTuple):
    """Sorted distinct XXH3-64 hashes: of domains, of `host/path` of blocked parts of sites, of the hosts of these, and
    of image uuids."""

    domains: Hashes
    paths: Hashes
    path_hosts: Hashes
    images: Hashes

    @property
    def fingerprint(self) -> dict[str, int | str]:
        """What a run records of it: how many of each kind, and SHA-256 over the hashes, so that order, comments and
        repetitions do not matter."""
        kinds = (self.domains, self.paths, self.images)
        digest = hashlib.sha256(b"".join(len(kind).to_bytes(8) + kind.astype("<u8").tobytes() for kind in kinds))
        return {
            "domains": len(self.domains),
            "paths": len(self.paths),
            "images": len(self.images),
            "sha256": digest.hexdigest(),
        }


class BlockListBuilder:
    """Reads lists, one after the other, into one `BlockList`. Lists may be gzipped; text is UTF-8.

    `# …` is a comment. What cannot be read raises `UsageError`, which names the list and the line.
    """

    def __init__(self) -> None:
        self._hashes = {name: array("Q") for name in BlockList._fields}

    def add_domains(self, data: bytes, source: str) -> int:
        """Domains and IP addresses, one a line or as a hosts file has them (`0.0.0.0 example.com`), where names of a
        single label (`localhost`) are the machine's own and left out; gives how many there were."""
        return self._add_domains(data, source, None)

    def add_ut1(self, domains: bytes | None, urls: bytes | None, source: str) -> tuple[int, int]:
        """The `domains` and `urls` of a category of the UT1 blacklists (dsi.ut-capitole.fr/blacklists): how many there
        were, and how many lines were no such thing, which are left out since nobody can mend them."""
        skipped: list[str] = []
        added = self._add_domains(domains or b"", f"{source}/domains", skipped)
        for line in _lines(urls or b"", f"{source}/urls"):
            if not line:
                continue
            try:
                host, path = _host_and_path(line)
            except ValueError:
                skipped.append(line)
                continue
            added += 1
            if path:
                self._hashes["paths"].append(_hash(f"{host}/{path}"))
                self._hashes["path_hosts"].append(_hash(host))
            else:
                self._hashes["domains"].append(_hash(host))
        return added, len(skipped)

    def add_images(self, data: bytes, source: str) -> int:
        """Image URLs and uuids, one a line; gives how many there were."""
        images, added = self._hashes["images"], 0
        for number, line in enumerate(_lines(data, source, comments=False), 1):
            if not line or line.startswith("#"):
                continue
            if _uuid(line):
                uuid = line.lower()
            else:
                url = image_url("", line)
                if isinstance(url, Outcome):
                    raise UsageError(f"{source}: line {number} is neither an http(s) URL nor a uuid: {_shown(line)}")
                uuid = image_uuid(url)
            images.append(_hash(uuid))
            added += 1
        return added

    def build(self) -> BlockList:
        return BlockList(**{name: _sorted_distinct(found) for name, found in self._hashes.items()})

    def _add_domains(self, data: bytes, source: str, skipped: list[str] | None) -> int:
        add, added = self._hashes["domains"].append, 0
        for number, line in enumerate(_lines(data, source), 1):
            try:
                # nearly all of millions are plain
                for name in (line,) if _plain(line) else _names_of(line):
                    add(_hash(name))
                    added += 1
            except ValueError as error:
                if skipped is None:
                    raise UsageError(f"{source}: line {number} is no domain: {_shown(line)}") from error
                skipped.append(line)
        return added


class Blocker:
    """Looks pages and images up in a block list, remembering the hosts that were asked for."""

    def __init__(self, blocks: BlockList) -> None:
        # bisecting a memoryview takes a third of what numpy's search takes for a few names
        views: list[memoryview[int]] = [memoryview(hashes) for hashes in blocks]  # type: ignore[arg-type]
        self._domains, self._paths, self._path_hosts, self._images = views
        self._hosts: dict[str, tuple[bool, str]] = {}

    def blocks_page(self, url: str) -> bool:
        """Whether a page's site is blocked. What is no http(s) URL is not."""
        serialised = image_url("", url)  # the rules are those of any URL
        return not isinstance(serialised, Outcome) and self._blocks_site(serialised)

    def blocks_image(self, url: str) -> bool:
        """Whether an image is blocked, by its serialised http(s) URL."""
        return self._blocks_site(url) or (bool(self._images) and _holds(self._images, image_uuid(url)))

    def _blocks_site(self, url: str) -> bool:
        parts = url.split("/", 3)
        if len(parts) < 4:
            return False
        known = self._hosts.get(parts[2])
        if known is None:
            if len(self._hosts) >= _REMEMBERED_HOSTS:
                self._hosts.clear()
            known = self._hosts[parts[2]] = self._look_up(parts[2])
        is_blocked, host_of_paths = known
        if host_of_paths:
            return any(_holds(self._paths, f"{host_of_paths}/{path}") for path in _paths_of(parts[3]))
        return is_blocked

    def _look_up(self, authority: str) -> tuple[bool, str]:
        """Whether a host is blocked; its name where, though it is not, some of its paths may be."""
        host = authority.rpartition("@")[2]
        if not host.endswith("]"):
            host = (host.rpartition(":")[0] or host).rstrip(".")
        if any(_holds(self._domains, name) for name in _and_parents(host)):
            return True, ""
        host = _without_www(host)
        return False, host if _holds(self._path_hosts, host) else ""


def _sorted_distinct(found: "array[int]") -> Hashes:
    hashes = np.sort(np.asarray(memoryview(found)))  # np.unique takes ten times as long
    is_new = np.ones(len(hashes), bool)
    is_new[1:] = hashes[1:] != hashes[:-1]
    return hashes[is_new]


def _holds(hashes: "memoryview[int]", name: str) -> bool:
    wanted = _hash(name)
    place = bisect_left(hashes, wanted)
    return place < len(hashes) and hashes[place] == wanted


def _and_parents(host: str) -> Iterator[str]:
    """A host and the domains above it. (Above an IP address there is none: no listed name ends in a number.)"""
    while True:
        yield host
        _, dot, host = host.partition(".")
        if not dot:
            return


def _paths_of(rest: str) -> Iterator[str]:
    """What follows a URL's host, without fragment: in full, without its query, and each folder that it lies in; in
    lower case, as the lists are."""
    rest = rest.partition("#")[0].lower()
    yield rest
    path = rest.partition("?")[0].rstrip("/")
    yield path
    folders = path.split("/", _DEEPEST)[:-1]
    for depth in range(1, len(folders) + 1):
        yield "/".join(folders[:depth])


def _names_of(line: str) -> Iterator[str]:
    """The hosts that a line of a list of domains names. Raises `ValueError` where it is something else."""
    fields = line.split()
    if len(fields) > 1:
        ipaddress.ip_address(fields[0].partition("%")[0])
        for name in fields[1:]:
            if "." in name and not _is_ip(name):
                yield _host(name)
    elif fields:
        yield _host(fields[0])


def _host(text: str) -> str:
    """A domain or IP address as URLs have it. A dot or `*.` before it, and a dot after it, change nothing."""
    name = text.removeprefix("*.").removeprefix(".").rstrip(".")
    if _is_ip(name):
        name = f"[{name}]" if ":" in name else name
    elif _no_name(name) or "." not in name:
        raise ValueError(f"no domain: {text}")
    return normalize_url(f"http://{name}/").removeprefix("http://").removesuffix("/")


def _host_and_path(line: str) -> tuple[str, str]:
    """A line of a list of URLs without scheme. The host is without `www.`, as its proxies compare it."""
    host, _, path = line.partition("/")
    host = _without_www(_host(host))
    full = normalize_url(f"http://{host}/{path}").lower()
    return host, full.removeprefix(f"http://{host}/").partition("#")[0].rstrip("/")


def _without_www(host: str) -> str:
    """A host without a leading `www.`, unless only a single label would be left."""
    rest = host.removeprefix("www.")
    return rest if "." in rest else host


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _lines(data: bytes, source: str, *, comments: bool = True) -> Iterator[str]:
    """The lines of a list, trimmed; those without anything are empty. Bytes that are no UTF-8 are U+FFFD, which is in
    no domain."""
    if data.startswith(_GZIP_MAGIC):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{source}: starts as gzip but cannot be unpacked: {error}") from error
    for line in TextIOWrapper(BytesIO(data), "utf-8-sig", "replace", newline="\n"):
        yield (line.partition("#")[0] if comments and "#" in line else line).strip()


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]!r}…"
