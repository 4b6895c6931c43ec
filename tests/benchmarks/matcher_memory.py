"""The memory that building the matcher adds to a process, as JSON: `python matcher_memory.py ENTRIES.json`."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

from udfs.matching.matcher import cached_matcher


def main(packed_path: str) -> None:
    packed = Path(packed_path).read_bytes()
    before, began = resident_bytes(), time.perf_counter()
    matcher = cached_matcher(packed)
    seconds = time.perf_counter() - began
    matcher.match("a photo")
    print(json.dumps({"added_bytes": resident_bytes() - before, "seconds": seconds}))


def resident_bytes() -> int:
    """The current resident memory if the system reports it, else its maximum so far."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main(sys.argv[1])
