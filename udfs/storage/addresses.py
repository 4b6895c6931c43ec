"""Addresses of files: local paths, and `scheme://…` on S3, web servers and file systems that Hadoop knows."""

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
"""The kinds of addresses, by what reads them: boto3; an HTTP client; Hadoop, hdfs-native or Arrow; the operating
system."""


def kind_of(address: str) -> str:
    """The kind of an address: `S3`, `HTTP`, `LOCAL` (paths and `file://`), and `HADOOP` for every other scheme."""
    match = _SCHEME.match(address)
    scheme = "file" if match is None else match[1].lower()
    if scheme == "file":
        return LOCAL
    if scheme in _S3_SPELLINGS:
        return S3
    return HTTP if scheme in ("http", "https") else HADOOP


def is_hdfs(address: str) -> bool:
    """Whether an address is on HDFS, named directly or by a view of several."""
    return address.lower().startswith(("hdfs://", "viewfs://"))


def local_path(address: str) -> str:
    """The path of a local address."""
    if not address.lower().startswith(_FILE):
        return address
    path = address[len(_FILE) :]
    if not path.startswith("/"):
        raise UsageError(f"{address}: write a file address with three slashes, as in file:///data")
    return path


class S3Address(NamedTuple):
    """A bucket, and the key of an object or folder, without slashes at its ends."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}".rstrip("/")


def parse_s3(address: str) -> S3Address:
    """The bucket and key of an `s3://`, `s3a://` or `s3n://` address. Raises `UsageError` if it has no bucket."""
    bucket, _, key = address.partition("://")[2].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"{address}: has no valid bucket: write it as s3://bucket/folder")
    return S3Address(bucket, key.strip("/"))


def redacted(address: str) -> str:
    """The address in a form safe to print and store: a web address becomes `scheme://host/path`.

    The other parts may be secret: user and password, and the query, which holds the signature of a presigned URL.
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
    """An authority without the password. The user stays: in `abfss://container@account` it is part of the location."""
    user, at, host = authority.rpartition("@")
    return f"{user.partition(':')[0]}{at}{host}"


def path_in(address: str) -> str:
    """The path of an address within its bucket or on its host; a local path as it is."""
    kind = kind_of(address)
    if kind == LOCAL:
        return local_path(address)
    if kind == HTTP:
        return unquote(urlsplit(address).path).lstrip("/")
    return address.partition("://")[2].partition("/")[2]


def host_of(address: str) -> str:
    """The server of an address: `s3://bucket`, `https://host:port`, `hdfs://namenode`; empty for a local path."""
    if kind_of(address) == LOCAL:
        return ""
    scheme, _, rest = redacted(address).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def parent_of(address: str) -> str:
    """The folder above an address, without the query of a web address. A bucket, a host or `/` is its own parent."""
    folder, _ = _split(address)
    return folder


def name_of(address: str) -> str:
    """The last part of an address's path; empty for a bucket, a host or `/`."""
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
    """The address of a relative path below an address."""
    return f"{root}{'' if root.endswith('/') else '/'}{path}" if path else root


def same_place(address: str) -> str:
    """One spelling for all addresses of the same place: links resolved, `s3a://` written as `s3://`."""
    kind = kind_of(address)
    if kind == LOCAL:
        return os.path.realpath(local_path(address))
    return str(parse_s3(address)) if kind == S3 else without_slash(redacted(address))


def without_slash(address: str) -> str:
    """An address without slashes at its end, except one that is the whole path, as in `hdfs:///`."""
    folder, name = _split(address)
    return join(folder, name)
