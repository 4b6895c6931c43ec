"""Block lists: sites by domain, and single images by URL or uuid, that extraction leaves out.

A listed domain blocks itself and all its subdomains: `example.com` blocks `www.example.com`, but not
`notexample.com`. There is no list of public suffixes: `co.uk` blocks everything below it. A single label (`com`) is an
error. Millions of lines are kept as sorted 64-bit hashes, 8 bytes per line: with 4 million lines, a name that is not
listed collides with a listed one with probability 2e-13.
"""

import hashlib
import ipaddress
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ada_url import normalize_url
from xxhash import xxh3_64_intdigest

from udfs.errors import UsageError, shortened
from udfs.extraction.urls import image_url
from udfs.hashing import image_uuid
from udfs.list_files import REPLACED, lenient_lines, list_text
from udfs.outcomes import Outcome

Hashes = npt.NDArray[np.uint64]

_REMEMBERED_HOSTS = 1 << 16
_DEEPEST = 32  # a listed folder blocks a path down to this depth
# Names that serialising leaves unchanged: lower-case labels without Punycode, the last of them not a number
_plain = re.compile(r"(?!xn--)(?:[a-z0-9_-]++\.(?!xn--))++[a-z][a-z0-9_-]*+", re.ASCII).fullmatch
_not_a_name = re.compile(r"[/\\?#@%:\[\]|^*,=\"']").search
_uuid = re.compile(r"[0-9a-f]{24}", re.IGNORECASE).fullmatch


def _hash(name: str) -> int:
    return xxh3_64_intdigest(name.encode())


class BlockList(NamedTuple):
    """Sorted distinct XXH3-64 hashes: of domains, of blocked parts of sites as `host/path`, of the hosts of these
    parts, and of image uuids."""

    domains: Hashes
    paths: Hashes
    path_hosts: Hashes
    images: Hashes

    @property
    def fingerprint(self) -> dict[str, int | str]:
        """What a run records: how many hashes of each sort, and SHA-256 over them. Order, comments and repetitions in
        the lists do not change it."""
        sorts = (self.domains, self.paths, self.images)
        digest = hashlib.sha256(b"".join(len(sort).to_bytes(8) + sort.astype("<u8").tobytes() for sort in sorts))
        return {
            "domains": len(self.domains),
            "paths": len(self.paths),
            "images": len(self.images),
            "sha256": digest.hexdigest(),
        }


class BlockListBuilder:
    """Reads list files (`udfs.list_files`) into one `BlockList`. `name` is what messages call a list.

    A `#` begins a comment. A line that cannot be used raises `UsageError`, which names the list and the line.
    """

    def __init__(self) -> None:
        self._hashes = {name: array("Q") for name in BlockList._fields}

    def add_domains(self, data: bytes, name: str) -> int:
        """Add domains and IP addresses, one per line or as in a hosts file (`0.0.0.0 example.com`); return how many.

        Names of a single label in a hosts file (`localhost`) are the machine's own and ignored.
        """
        return self._add_domains(data, name, None)

    def add_ut1(self, domains: bytes | None, urls: bytes | None, name: str) -> tuple[int, int]:
        """Add the files `domains` and `urls` of a category of the UT1 blacklists (dsi.ut-capitole.fr/blacklists).

        Returns how many names were added, and how many lines were neither a domain nor a URL. These are skipped,
        because the user cannot fix a published list.
        """
        skipped: list[str] = []
        added = self._add_domains(domains or b"", f"{name}/domains", skipped)
        for line in lenient_lines(urls or b"", f"{name}/urls"):
            line = _uncommented(line)
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

    def add_images(self, data: bytes, name: str) -> int:
        """Add image URLs and uuids, one per line; return how many. Only a whole line is a comment here."""
        images, added = self._hashes["images"], 0
        for number, line in enumerate(lenient_lines(data, name), 1):
            if not line or line.startswith("#"):
                continue
            if _uuid(line):
                uuid = line.lower()
            else:
                url = image_url("", line)
                if isinstance(url, Outcome) or "\0" in line:
                    _check_encoding(line, data, name)
                    raise UsageError(f"{name}: line {number} is neither an http(s) URL nor a uuid: {shortened(line)}")
                uuid = image_uuid(url.partition("#")[0])
            images.append(_hash(uuid))
            added += 1
        return added

    def build(self) -> BlockList:
        return BlockList(**{field: _sorted_distinct(hashes) for field, hashes in self._hashes.items()})

    def _add_domains(self, data: bytes, name: str, skipped: list[str] | None) -> int:
        add, added = self._hashes["domains"].append, 0
        for number, line in enumerate(lenient_lines(data, name), 1):
            try:
                # nearly all of millions are plain
                for domain in (line,) if _plain(line) else _names_of(_uncommented(line)):
                    add(_hash(domain))
                    added += 1
            except ValueError as error:
                if skipped is None:
                    _check_encoding(line, data, name)
                    raise UsageError(f"{name}: line {number} is not a domain: {shortened(line)}") from error
                skipped.append(line)
        return added


class Blocker:
    """Looks up pages and images in a block list, and remembers the hosts that it looked up."""

    def __init__(self, blocks: BlockList) -> None:
        # for a few names, bisecting a memoryview takes a third of the time of numpy's search
        views: list[memoryview[int]] = [memoryview(hashes) for hashes in blocks]  # type: ignore[arg-type]
        self._domains, self._paths, self._path_hosts, self._images = views
        self._hosts: dict[str, tuple[bool, str]] = {}

    def blocks_page(self, url: str) -> bool:
        """Whether a page's site is blocked; False for anything but an http(s) URL."""
        serialised = image_url("", url)  # these rules hold for any URL
        return not isinstance(serialised, Outcome) and self._blocks_site(serialised)

    def blocks_image(self, url: str) -> bool:
        """Whether an image, given by its serialised http(s) URL, is blocked, under any fragment."""
        if self._blocks_site(url):
            return True
        if not self._images:
            return False
        whole, _, fragment = url.partition("#")
        return _holds(self._images, image_uuid(url)) or (bool(fragment) and _holds(self._images, image_uuid(whole)))

    def blocks_pair(self, url: str | None, page_url: str | None) -> bool:
        """Whether the image or the page of a pair is blocked."""
        return bool((url and self.blocks_image(url)) or (page_url and self.blocks_page(page_url)))

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
        """Whether a host is blocked; and its name if it is not, but some of its paths may be (else "")."""
        host = authority.rpartition("@")[2]
        if not host.endswith("]"):
            host = (host.rpartition(":")[0] or host).rstrip(".")
        if any(_holds(self._domains, name) for name in _and_parents(host)):
            return True, ""
        host = _without_www(host)
        return False, host if _holds(self._path_hosts, host) else ""


def _sorted_distinct(hashes: "array[int]") -> Hashes:
    ordered = np.sort(np.asarray(memoryview(hashes)))  # np.unique takes ten times as long
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_new]


def _holds(hashes: "memoryview[int]", name: str) -> bool:
    wanted = _hash(name)
    place = bisect_left(hashes, wanted)
    return place < len(hashes) and hashes[place] == wanted


def _and_parents(host: str) -> Iterator[str]:
    """A host and its parent domains. (An IP address has none that matters: no listed name ends in a number.)"""
    while True:
        yield host
        _, dot, host = host.partition(".")
        if not dot:
            return


def _paths_of(rest: str) -> Iterator[str]:
    """What may be listed of a URL after its host: the path with its query, without it, and each of its folders. All
    without the fragment, and in lower case as in the lists."""
    rest = rest.partition("#")[0].lower()
    yield rest
    path = rest.partition("?")[0].rstrip("/")
    yield path
    folders = path.split("/", _DEEPEST)[:-1]
    for depth in range(1, len(folders) + 1):
        yield "/".join(folders[:depth])


def _names_of(line: str) -> Iterator[str]:
    """The hosts that a line of a list of domains names. Raises `ValueError` for any other line."""
    fields = line.split()
    if len(fields) > 1:
        ipaddress.ip_address(fields[0].partition("%")[0])
        for name in fields[1:]:
            if "." in name and not _is_ip(name):
                yield _host(name)
    elif fields:
        yield _host(fields[0])


def _host(text: str) -> str:
    """A domain or IP address as it stands in URLs. A leading dot or `*.`, and a trailing dot, are ignored."""
    name = text.removeprefix("*.").removeprefix(".").rstrip(".")
    if _is_ip(name):
        name = f"[{name}]" if ":" in name else name
    elif _not_a_name(name) or "." not in name:
        raise ValueError(f"not a domain: {text}")
    return normalize_url(f"http://{name}/").removeprefix("http://").removesuffix("/")


def _host_and_path(line: str) -> tuple[str, str]:
    """The host and path of a line of a list of URLs without a scheme; the host without `www.`, as UT1's proxies
    compare it."""
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


def _uncommented(line: str) -> str:
    return line.partition("#")[0].rstrip()


def _check_encoding(line: str, data: bytes, name: str) -> None:
    """Raise `UsageError` if a line has bytes that are not UTF-8."""
    if REPLACED in line:
        list_text(data, name)
