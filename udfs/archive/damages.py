"""What is wrong with an archive file, in words."""

_SHOWN = 3


class Damages:
    """The damages of one file in the order of their discovery: the first few in words, the others as a number."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._others = 0
        self._end: str | None = None

    def add(self, offset: int, what: str) -> None:
        """Add what is wrong at a byte offset of the file."""
        if len(self._shown) < _SHOWN:
            self._shown.append(_at(offset, what))
        else:
            self._others += 1

    def add_stray(self, offset: int, size_bytes: int) -> None:
        """Add bytes that belong to no record."""
        self.add(offset, f"{size_bytes:,} stray byte{'s' * (size_bytes != 1)}")

    def add_end(self, offset: int, what: str) -> None:
        """Add why the file was not read beyond a byte offset: it is always among the words."""
        self._end = _at(offset, what)

    def __bool__(self) -> bool:
        return bool(self._shown or self._end)

    def __str__(self) -> str:
        others = f"and {self._others:,} more" if self._others else None
        return "; ".join(filter(None, [*self._shown, others, self._end]))


def _at(offset: int, what: str) -> str:
    return f"at byte {offset:,}: {what}"
