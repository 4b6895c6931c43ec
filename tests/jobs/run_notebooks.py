"""Runs the notebooks of the docs, each in an empty folder. As a script, it stores the new outputs in them."""

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from jobs.spark.java import use_java

FOLDER = Path(__file__).resolve().parents[2] / "jobs/docs/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs, after it ran in a folder. What Spark logs on standard error is left out."""
    book = nbformat.read(path, as_version=4)
    with use_java():
        NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    for cell in book.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    book.metadata.language_info = {"name": "python"}
    return book


if __name__ == "__main__":
    for notebook in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as scratch:
            nbformat.write(run(notebook, Path(scratch)), notebook)
