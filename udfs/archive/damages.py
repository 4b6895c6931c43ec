"""What is wrong with an archive file, in words."""

_SHOWN = 3


class Damages:
    """The damages of one file in the order of their discovery: the first few in words, the others as a number."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._others = 0

    def add(self, offset: int, what: str) -> None:
        """Add what is wrong at a byte offset of the file."""
        if len(self._shown) < _SHOWN:
            self._shown.append(f"at byte {offset:,}: {what}")
        else:
            self._others += 1

    def add_stray(self, offset: int, size_bytes: int) -> None:
        """Add bytes that belong to no record."""
        self.add(offset, "1 byte that belongs to no record" if size_bytes == 1 else f"{size_bytes:,} stray bytes")

    def __bool__(self) -> bool:
        return bool(self._shown)

    def __str__(self) -> str:
        return "; ".join([*self._shown, *([f"and {self._others:,} more"] if self._others else [])])
