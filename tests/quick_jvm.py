"""Options for the JVMs of tests, which live for seconds or minutes. As a script, it makes their archive of classes.

A JVM that compiles less and maps Spark's classes from an archive starts Spark in about a quarter of the CPU time. It
ignores an archive that is missing, or that was made from other jars or by another Java.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyspark

ROOT = Path(__file__).resolve().parents[1]
ARCHIVE = Path(sys.prefix) / "spark-classes.jsa"
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xlog:disable"
QUICK_JVM = f"{_SHORT_LIVED} -XX:SharedArchiveFile={ARCHIVE}"
"""The value of JDK_JAVA_OPTIONS, which every `java` reads, executors and daemons included."""


def make_archive() -> None:
    """Store the classes that a small `curate` loads. Does nothing where Java makes no archive."""
    from jobs.sample import write_sample
    from jobs.spark.java import use_java

    with use_java(), tempfile.TemporaryDirectory() as scratch:
        pages, entries, made = (Path(scratch, name) for name in ("pages.warc.gz", "entries.txt", ARCHIVE.name))
        write_sample(pages, 5, 1, wat=False)
        entries.write_text("a\nthe\n", encoding="utf-8")
        curate = ["curate", pages, "--out", Path(scratch, "out"), "--metadata", entries, "--no-report"]
        # spark-submit ends after its JVM, so the archive is complete; these options are not its launcher's
        submit = [Path(pyspark.__file__).with_name("bin") / "spark-submit", "--master", "local[2]"]
        options = {"SPARK_SUBMIT_OPTS": f"{_SHORT_LIVED} -XX:ArchiveClassesAtExit={made}"}
        subprocess.run(
            [*submit, ROOT / "jobs/cli.py", *curate],
            env={**os.environ, **options, "PYSPARK_PYTHON": sys.executable},
            capture_output=True,
            check=True,
        )
        if made.exists():
            shutil.move(made, ARCHIVE)


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # in place of tests/, which has a folder jobs, too
    make_archive()
