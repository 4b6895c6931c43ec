"""The project's own exceptions: what a user can mend, in one line."""


class BallastError(Exception):
    """A run cannot go on (exit status 1). The message says what, where and how to mend it, in one line."""

    exit_status = 1


class UsageError(BallastError):
    """The user's own mistake: a bad flag, a missing file, a wrong list (exit status 2)."""

    exit_status = 2
