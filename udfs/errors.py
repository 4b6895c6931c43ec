"""The project's own exceptions: what a user can mend, in one line."""


class BallastError(Exception):
    """A run cannot go on (exit status 1). The message says what, where and how to mend it, in one line."""

    exit_status = 1


class UsageError(BallastError):
    """The user's own mistake: a bad flag, a missing file, a wrong list (exit status 2)."""

    exit_status = 2


class SourceRefused(BallastError):
    """What serves the input files does not let them be read, now or at all: no file is to blame, and no row is written.

    It is no OSError, so that it fails the task and leaves the batch uncommitted, where the run can be resumed.
    """


class SourceFailed(OSError):
    """One input file cannot be read, or not further; the message, such as "404 Not Found", goes into its row."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
