"""A real S3 server on loopback: S3Proxy on a folder. It checks signatures, and of several conditional writes of one key
it lets one succeed."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.spark.java import find_java

ROOT = Path(__file__).resolve().parents[3]
JARS = ROOT / ".hadoop" / "s3a"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret"}
_LISTENS = re.compile(r"Started \S*ServerConnector\S* .*?\{(127\.0\.0\.1:[1-9]\d*)\}")
_START_S = 60


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Serve the buckets in a folder, which stay there; yields the server's address."""
    (folder / "buckets").mkdir(parents=True, exist_ok=True)
    settings = {
        "s3proxy.endpoint": "http://127.0.0.1:0",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": KEYS["AWS_ACCESS_KEY_ID"],
        "s3proxy.credential": KEYS["AWS_SECRET_ACCESS_KEY"],
        "jclouds.provider": "filesystem-nio2",
        "jclouds.identity": "unused",
        "jclouds.credential": "unused",
        "jclouds.filesystem.basedir": str(folder / "buckets"),
    }
    (folder / "s3proxy.properties").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    (jar,) = JARS.glob("s3proxy-*.jar")
    command = [find_java().executable, "-XX:+UseSerialGC", "-XX:-UsePerfData", f"-Djava.io.tmpdir={folder}"]
    log = folder / "s3proxy.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "-jar", jar, "--properties", folder / "s3proxy.properties"], stdout=out, stderr=out
        )
    try:
        yield f"http://{_address(server, log)}"
    finally:
        server.kill()
        server.wait()


def s3a_jars() -> str:
    """The jars of S3A, as `spark.jars` takes them."""
    return ",".join(str(jar) for jar in sorted(JARS.glob("*.jar")) if not jar.name.startswith("s3proxy"))


def s3_environment(address: str) -> dict[str, str]:
    """The AWS variables by which boto3 and S3A find a server at this address."""
    empty = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {"AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "us-east-1", **KEYS, **empty}


def _address(server: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + _START_S
    while (found := _LISTENS.search(log.read_text(errors="replace"))) is None:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"S3Proxy did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
    return found[1]
