"""A session that starts before a job looks at its folders, because only it can read them. Importing this is cheap."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from jobs.settings.groups import Execution
from udfs.extras import require
from udfs.storage.addresses import HADOOP, is_hdfs, kind_of


def session_for(
    execution: Execution, name: str, paths: Sequence[str], archives: Sequence[str] = ()
) -> AbstractContextManager[object]:
    """Start the job's session early if one of its paths is on Hadoop, which only a session can read; else do nothing.
    An inner `spark_session` uses that session. `archives` are those of the paths that Python workers read: if their
    package is missing, the session is not started."""
    if any(map(is_hdfs, archives)):
        require("hdfs_native")
    if not any(kind_of(path) == HADOOP for path in paths):
        return nullcontext()
    from jobs.spark.session import spark_session

    return spark_session(execution, name)
