"""Addresses of files: local paths, and `scheme://…` of S3, web servers and the file systems that Hadoop knows."""

import os
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from udfs.errors import UsageError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_BUCKET = re.compile(r"[A-Za-z0-9._\-]{1,255}")
_S3_SPELLINGS = ("s3", "s3a", "s3n")
_FILE = "file://"
S3, HTTP, HADOOP, LOCAL = "s3", "http", "hadoop", "local"
"""The kinds of addresses, by what reads them: boto3, an HTTP client, Hadoop or Arrow, the operating system."""


def kind_of(address: str) -> str:
    """The kind of an address: `S3`, `HTTP`, `LOCAL` (paths and `file://`), and `HADOOP` for every other scheme."""
    found = _SCHEME.match(address)
    if found is None or found[1].lower() == "file":
        return LOCAL
    scheme = found[1].lower()
    if scheme in _S3_SPELLINGS:
        return S3
    return HTTP if scheme in ("http", "https") else HADOOP


def local_path(address: str) -> str:
    """The path of a local address."""
    if not address.lower().startswith(_FILE):
        return address
    path = address[len(_FILE) :]
    if not path.startswith("/"):
        raise UsageError(f"{address}: a file address has three slashes, as in file:///data")
    return path


class S3Address(NamedTuple):
    """A bucket, and a key or the prefix of a folder without slashes at its ends."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}".rstrip("/")


def parse_s3(address: str) -> S3Address:
    """The bucket and key of an `s3://`, `s3a://` or `s3n://` address. Raises `UsageError` where there is no bucket."""
    bucket, _, key = address.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"{address}: names no bucket, as in s3://bucket/folder")
    return S3Address(bucket, key.strip("/"))


def redacted(address: str) -> str:
    """The address as it may be printed and stored: of a web address only `scheme://host/path`.

    What is left out may be secret: a user's name and password, and the query, in which presigned URLs hold a signature.
    """
    if kind_of(address) == LOCAL:
        return address
    if kind_of(address) == HTTP:
        parts = urlsplit(address)
        return urlunsplit((parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower(), parts.path or "/", "", ""))
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{_without_password(authority)}{slash}{path}"


def _without_password(authority: str) -> str:
    """An authority with its user, who in `abfss://container@account` is a part of the place, without a password."""
    user, at, host = authority.rpartition("@")
    return f"{user.partition(':')[0]}{at}{host}"


def path_in(address: str) -> str:
    """The path that an address has within its bucket or on its host; a local path as it is."""
    kind = kind_of(address)
    if kind == LOCAL:
        return local_path(address)
    if kind == HTTP:
        return unquote(urlsplit(address).path).lstrip("/")
    return address.partition("://")[2].partition("/")[2]


def host_of(address: str) -> str:
    """What answers for an address: `s3://bucket`, `https://host:port`, `hdfs://namenode`; nothing for a local path."""
    if kind_of(address) == LOCAL:
        return ""
    scheme, _, rest = redacted(address).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def parent_of(address: str) -> str:
    """The folder that an address lies in, without the query of a web address; a bucket, host or `/` is its own."""
    folder, _ = _split(address)
    return folder


def name_of(address: str) -> str:
    """The last part of an address's path, empty for a bucket, a host or `/`."""
    _, name = _split(address)
    return name


def _split(address: str) -> tuple[str, str]:
    if kind_of(address) == LOCAL:
        return os.path.split(os.path.abspath(local_path(address)))
    if kind_of(address) == HTTP:
        parts = urlsplit(address)
        folder, _, name = parts.path.rstrip("/").rpartition("/")
        return urlunsplit((parts.scheme, parts.netloc, folder or "/", "", "")), urlunsplit(
            ("", "", name, parts.query, "")
        )
    scheme, _, rest = address.partition("://")
    authority, _, path = rest.rstrip("/").partition("/")
    folder, _, name = path.rpartition("/")
    return f"{scheme}://{authority}/{folder}", name


def join(root: str, path: str) -> str:
    """A relative path below an address."""
    return f"{root}{'' if root.endswith('/') else '/'}{path}" if path else root


def same_place(address: str) -> str:
    """One spelling of an address, to tell whether two are the same place: links followed, `s3a://` as `s3://`."""
    kind = kind_of(address)
    if kind == LOCAL:
        return os.path.realpath(local_path(address))
    return str(parse_s3(address)) if kind == S3 else without_slash(redacted(address))


def without_slash(address: str) -> str:
    """An address without slashes at its end, but for the one that is all of its path, as in `hdfs:///`."""
    folder, name = _split(address)
    return join(folder, name)
