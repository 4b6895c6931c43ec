"""The line that a run ends with when it is stopped by Ctrl-C: how far it was, and what the next run need not repeat."""

from collections.abc import Mapping, Sequence

from jobs.spark.reported import STARTING, Snapshot


def stop_line(now: Snapshot, *, committed: int, finished: Sequence[str], parts: Mapping[str, int], command: str) -> str:
    """Say what was read and what is kept.

    `committed` is the number of input items in committed batches, `finished` are the finished stages, and `parts` are
    the numbers of committed units of the others. `command` is how to go on, such as "the same command".
    """
    if now.reads_input:
        read = max(now.done, committed)
        return f"stopped: {read:,} of {now.total:,} {now.what} read, {committed:,} committed; {command} resumes"
    where = f"while {now.stage}" if now.stage == STARTING else f"during {now.stage}"
    kept = [f"{stage}/" for stage in finished]
    kept += [f"{units:,} part{'s' * (units > 1)} of {stage}/" for stage, units in parts.items() if units]
    if not kept:
        return f"stopped {where}: nothing is committed yet; {command} starts again"
    return f"stopped {where}; kept: {', '.join(kept)}; {command} resumes"
