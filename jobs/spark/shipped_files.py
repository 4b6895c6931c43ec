"""Files that Spark copies from the driver to every executor."""

from pathlib import Path
from tempfile import mkdtemp

from pyspark import SparkContext, SparkFiles


def ship_file(context: SparkContext, path: str, name: str) -> str:
    """Have every executor get a copy of a local file, once a session; returns the name, for `SparkFiles.get` in a task.

    Another content needs another name, since files of several runs may follow each other in a session.
    """
    if not any(file.endswith(f"/{name}") for file in context.listFiles):
        link = Path(mkdtemp(prefix="ballast-file-", dir=SparkFiles.getRootDirectory()), name)
        link.symlink_to(Path(path).absolute())
        context.addFile(link.as_uri())  # of a path without file:// Spark would take the file that the link leads to
    return name
