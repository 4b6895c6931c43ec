"""The samples of a folder: each image file with the JSON of its name, as img2dataset's output `files` has them."""

from collections import defaultdict
from collections.abc import Iterator

from udfs.images.facts import MOST_JSON_BYTES, Facts, facts_of_json
from udfs.images.metadata import one_line
from udfs.images.options import CheckOptions
from udfs.images.samples import Sample, too_many_bytes, without_image
from udfs.images.shard_files import ShardDamage, ShardFiles
from udfs.images.shards import IMAGE_ENDINGS, ImageShard, ListedFile, split_name


def file_samples(shard: ImageShard, files: ShardFiles, options: CheckOptions) -> Iterator[Sample]:
    """The samples of a folder: one for each image file, and one for each name without an image.

    A file that cannot be read is a sample without image; in the end, the first such raises `ShardDamage`.
    """
    folder = f"{shard.path}/" if shard.path else ""
    images: defaultdict[str, list[ListedFile]] = defaultdict(list)
    texts: dict[str, ListedFile | None] = {}
    for file in shard.files:
        key, ending = split_name(file.name)
        if ending in IMAGE_ENDINGS:
            images[key].append(file)
        elif ending == "json":
            texts[key] = file
        else:
            texts.setdefault(key, None)
    damage: str | None = None
    for key in sorted({*images, *texts}):
        text = texts.get(key)
        facts = None if text is None else _facts(files, folder + text.name, options)
        if key not in images:
            yield without_image(key, shard.path, facts, "no image of this name")
        for file in images.get(key, ()):
            try:
                yield _sample(files, folder + file.name, file.bytes, key, facts, options)
            except OSError as error:
                damage = damage or f"{file.name}: {one_line(error)}"
                yield without_image(key, folder + file.name, facts, one_line(error))
    if damage is not None:
        raise ShardDamage(damage)


def _sample(files: ShardFiles, path: str, size: int, key: str, facts: Facts | None, options: CheckOptions) -> Sample:
    most = options.limits.max_bytes
    if size > most:
        return too_many_bytes(key, path, facts, 0, size)
    with files.stream(path) as stream:
        image = stream.take(most + 1)
    if len(image) > most:  # it grew since it was listed
        return too_many_bytes(key, path, facts, 0, len(image))
    return Sample(key, path, facts, 0, len(image), image)


def _facts(files: ShardFiles, path: str, options: CheckOptions) -> Facts:
    try:
        with files.stream(path) as stream:
            data = stream.take(MOST_JSON_BYTES + 1)
    except OSError as error:
        return Facts(problem=f"its JSON cannot be read: {one_line(error)}")
    if len(data) > MOST_JSON_BYTES:
        return Facts(problem=f"its JSON has more than {MOST_JSON_BYTES:,} bytes")
    return facts_of_json(data, options.carry)
