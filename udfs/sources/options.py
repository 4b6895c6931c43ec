"""How input files are opened, with the defaults: the only place that states them."""

from dataclasses import dataclass, field

from udfs.storage.timeouts import CONNECT_TIMEOUT_S, READ_TIMEOUT_S

MAX_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to retry. Waits double up to `longest_wait_s`; each is shortened at random by up to half."""

    breaks: int = 6
    """How many breaks in a row to tolerate, with less than a MiB read between them."""
    break_wait_s: float = 0.5
    refused_wait_s: float = 2.0
    longest_wait_s: float = 60.0
    patience_s: float = 300.0
    """How long a server may refuse every request before the run stops."""
    doubt_s: float = 30.0
    """When to try other files, if a refusal may concern this file alone."""
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    read_timeout_s: float = READ_TIMEOUT_S
    slow_s: float = 60.0
    """A connection that brings fewer than `slow_bytes` in so much time of waiting counts as broken."""
    slow_bytes: int = 60 << 10


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to open input files.

    `witnesses` are the full addresses of some files of the run. When a file fails for good, the witnesses on the same
    server show whether other files can be read.
    """

    s3_anonymous: bool = False
    max_connections: int = MAX_CONNECTIONS
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    witnesses: tuple[str, ...] = ()
