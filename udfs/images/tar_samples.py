"""The samples of a tar: each image with the JSON of its key, in one pass over the tar."""

from collections.abc import Iterator
from contextlib import closing

from udfs.images.facts import MOST_JSON_BYTES, Facts, facts_of_json
from udfs.images.held_samples import HeldSamples
from udfs.images.options import CheckOptions
from udfs.images.samples import Sample, too_many_bytes, without_image
from udfs.images.shard_files import ShardDamage, ShardStream
from udfs.images.shards import IMAGE_ENDINGS, split_name
from udfs.images.tar_members import TarMember, tar_members


def tar_samples(stream: ShardStream, path: str, options: CheckOptions) -> Iterator[Sample]:
    """The samples of the tar `path`: one for each image, and one for each key without an image.

    A key is a name without ending. An image waits for its JSON, which mostly follows it; one without comes at the end,
    with `facts` None. Raises what ends the tar early (`ShardDamage`, `OSError`), after all samples that precede it.
    """
    damage: ShardDamage | OSError | None = None
    with closing(HeldSamples()) as held:
        reader = _TarReader(stream, path, options, held)
        try:
            for member in tar_members(stream):
                yield from reader.samples(member)
        except (ShardDamage, OSError) as error:
            damage = error
        yield from held.take_all()
    yield from reader.without_image()
    if damage is not None:
        raise damage


class _TarReader:
    """What is known while a tar is read."""

    def __init__(self, stream: ShardStream, path: str, options: CheckOptions, held: HeldSamples) -> None:
        self._stream, self._path, self._options, self._held = stream, path, options, held
        self._with_image: set[str] = set()
        self._facts: dict[str, Facts | None] = {}  # of keys without an image so far
        self._last: tuple[str, Facts] | None = None  # a key with its JSON: another image of the key may follow

    def samples(self, member: TarMember) -> Iterator[Sample]:
        """The samples that a member completes."""
        key, ending = split_name(member.name)
        if ending in IMAGE_ENDINGS and not member.is_sparse:
            yield from self._image(member, key)
        elif ending == "json":
            facts = self._json(member)
            if facts is None:
                return
            self._last = key, facts
            if key not in self._with_image:
                self._facts[key] = facts
            for sample in self._held.take(key):
                yield sample._replace(facts=facts)
        elif key not in self._with_image:
            self._facts.setdefault(key, None)

    def without_image(self) -> Iterator[Sample]:
        """A sample for each key that had no image."""
        for key, facts in self._facts.items():
            yield without_image(key, self._path, facts, "no image in the tar")

    def _image(self, member: TarMember, key: str) -> Iterator[Sample]:
        if member.size > self._options.limits.max_bytes:
            sample = too_many_bytes(key, self._path, None, member.offset, member.size)
        else:
            image = self._stream.take(member.size)
            if len(image) < member.size:  # the tar is cut, which reading on tells
                return
            sample = Sample(key, self._path, None, member.offset, member.size, image)
        facts = self._facts.pop(key, None)
        if facts is None and self._last is not None and self._last[0] == key:
            facts = self._last[1]
        self._with_image.add(key)
        if facts is None:
            self._held.hold(sample)
        else:
            self._last = key, facts
            yield sample._replace(facts=facts)

    def _json(self, member: TarMember) -> Facts | None:
        """The facts in a member; None if the tar is cut within it."""
        if member.size > MOST_JSON_BYTES:
            return Facts(problem=f"its JSON has {member.size:,} bytes")
        data = self._stream.take(member.size)
        return facts_of_json(data, self._options.carry) if len(data) == member.size else None
