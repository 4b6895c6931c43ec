"""The time that a stage takes."""

import time


class Stopwatch:
    """Wall-clock seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)
