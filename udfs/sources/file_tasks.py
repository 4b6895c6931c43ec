"""Which input files one Spark task reads: a large one, or many small ones, since a task has a cost of its own."""

from collections.abc import Sequence

from udfs.sources.input_files import InputFile

_TASK_BYTES = 64 << 20
_LEAST_BYTES = 4 << 10  # what opening a file costs, also an empty one
_TASKS_PER_CORE = 8  # so that no core is idle for long while the last tasks end


def file_tasks(files: Sequence[InputFile], cores: int) -> list[list[InputFile]]:
    """The files in their order, in one group for each task.

    A group has at most 64 MB, and less if there would be too few groups for the cores. A larger file, and one of
    unknown size, is a group of its own.
    """
    sizes = [_TASK_BYTES if file.size_bytes is None else max(file.size_bytes, _LEAST_BYTES) for file in files]
    most = min(_TASK_BYTES, sum(sizes) // (_TASKS_PER_CORE * cores))
    tasks: list[list[InputFile]] = []
    held = 0
    for file, size in zip(files, sizes, strict=True):
        if not tasks or held + size > most:
            tasks.append([])
            held = 0
        tasks[-1].append(file)
        held += size
    return tasks
