"""The notebooks of the docs run, and show what they give. `make test-cluster` runs this."""

import re
from pathlib import Path

import nbformat
import pytest
from run_notebooks import NOTEBOOKS, run

TIMES = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00|\b(\d+ min )?[\d.]+ s\b"


def shown(book: nbformat.NotebookNode) -> list[list[str]]:
    """The text of each cell's outputs, without times and line breaks. The HTML of tables varies by pandas: no part."""
    texts = []
    for cell in book.cells:
        printed = []
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            page = data.get("text/html", "")
            printed.append(page if page.startswith("<pre>") else data.get("text/plain", output.get("text", "")))
        texts.append([" ".join(re.sub(TIMES, "TIME", text).split()) for text in printed])
    return texts


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_its_outputs(path: Path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(map(bool, shown(book))) >= 5


@pytest.mark.processes
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_gives_the_outputs_that_it_shows(path: Path, tmp_path: Path):
    assert shown(run(path, tmp_path)) == shown(nbformat.read(path, as_version=4))
