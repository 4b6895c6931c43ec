"""cc2dataset's reader, run by the Python of its own virtual environment: `python cc2dataset_reader.py FILE.wat.gz`.

For each line on standard input it parses the file once from memory and prints a line of JSON: its CPU seconds and
the number of pairs, and for the line `pairs` also the pairs as (url, alt).
"""

import json
import sys
from io import BytesIO
from pathlib import Path
from time import process_time

from cc2dataset.main import extract_documents_from_wat


def main(path: str) -> None:
    data = Path(path).read_bytes()
    for line in sys.stdin:
        began = process_time()
        found = extract_documents_from_wat(BytesIO(data), "image")
        answer: dict[str, object] = {"seconds": process_time() - began, "found": len(found)}
        if line.strip() == "pairs":
            answer["pairs"] = [(pair["url"], pair["alt"]) for pair in found]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
