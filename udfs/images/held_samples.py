"""Samples whose JSON has not come yet: mostly one, but a tar may hold all its images before their JSON."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO

from udfs.images.samples import Sample

_MEMORY_BYTES = 64 << 20


class HeldSamples:
    """Samples by key. Images beyond 64 MiB wait in a temporary file."""

    def __init__(self) -> None:
        self._held: defaultdict[str, list[Sample]] = defaultdict(list)
        self._memory_bytes = 0
        self._file: BinaryIO | None = None
        self._places: dict[tuple[str, int | None], int] = {}

    def hold(self, sample: Sample) -> None:
        """Keep a sample."""
        size = len(sample.image or b"")
        if self._memory_bytes + size <= _MEMORY_BYTES:
            self._memory_bytes += size
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
            self._places[sample.key, sample.offset] = self._file.seek(0, 2)
            self._file.write(sample.image or b"")
            sample = sample._replace(image=None)
        self._held[sample.key].append(sample)

    def take(self, key: str) -> list[Sample]:
        """The samples of a key, which are held no longer."""
        return [self._whole(sample) for sample in self._held.pop(key, ())]

    def take_all(self) -> Iterator[Sample]:
        """All samples in their order, which are held no longer."""
        while self._held:
            yield from self.take(next(iter(self._held)))

    def close(self) -> None:
        """Delete the temporary file."""
        if self._file is not None:
            self._file.close()

    def _whole(self, sample: Sample) -> Sample:
        """The sample with its image."""
        place = self._places.pop((sample.key, sample.offset), None)
        if place is None or self._file is None:
            self._memory_bytes -= len(sample.image or b"")
            return sample
        self._file.seek(place)
        return sample._replace(image=self._file.read(sample.size or 0))
