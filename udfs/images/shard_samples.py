"""The samples of a shard of any kind, completed by img2dataset's metadata beside it."""

from collections.abc import Iterator

from udfs.images.file_samples import file_samples
from udfs.images.metadata import Metadata, key_name
from udfs.images.options import CheckOptions
from udfs.images.parquet_samples import parquet_samples
from udfs.images.samples import Sample
from udfs.images.shard_files import ShardDamage, ShardFiles
from udfs.images.shards import ImageShard, ShardKind
from udfs.images.tar_samples import tar_samples


def shard_samples(shard: ImageShard, files: ShardFiles, options: CheckOptions) -> Iterator[Sample]:
    """Every sample of a shard. Facts that its own files do not tell come from its metadata. Samples that only the
    metadata has follow at the end: they could not be downloaded, or they are lost.

    Raises what ends the shard early (`ShardDamage`, `OSError`), after all samples. If nothing could be read, there are
    none.
    """
    metadata = Metadata(files, shard.metadata, options.carry)
    seen: set[str] = set()
    damage: Exception | None = None
    try:
        for sample in _own_samples(shard, files, options):
            if shard.metadata is not None:
                seen.add(key_name(sample.key))
            if sample.facts is None or sample.facts.problem is not None:
                facts = metadata.facts(sample.key)
                sample = sample._replace(facts=facts if sample.facts is None or facts.uuid else sample.facts)
            yield sample
    except (ShardDamage, OSError) as error:
        damage = error
    if damage is None or seen:
        yield from metadata.unseen(seen, shard.path)
        if damage is None and metadata.problem is not None:
            damage = ShardDamage(metadata.problem)
    if damage is not None:
        raise damage


def _own_samples(shard: ImageShard, files: ShardFiles, options: CheckOptions) -> Iterator[Sample]:
    """The samples in the shard's own files."""
    if shard.kind is ShardKind.TAR:
        with files.stream(shard.path) as stream:
            yield from tar_samples(stream, shard.path, options)
    elif shard.kind is ShardKind.PARQUET:
        with files.seekable(shard.path) as file:
            yield from parquet_samples(file, shard.path, options)
    else:
        yield from file_samples(shard, files, options)
