"""Classify: label images with the nearest of some labels."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["classify", *sys.argv[1:]]))

from pathlib import Path
from typing import Any

from jobs.console.commands.images import CLASSIFY
from jobs.console.run_job import open_run
from jobs.images.given_model import check_same_model, given_model, model_identity
from jobs.images.label_images import embed_labels, labels_stage
from jobs.runs.identity import digest
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import open_source
from jobs.settings.settings import Settings
from jobs.spark.session import spark_session
from udfs.errors import UsageError
from udfs.list_files import list_text, text_lines
from udfs.models.devices import CPU
from udfs.models.load_clip import load_clip
from udfs.stages import Stage

_FEWEST = 2


def read_labels(path: str) -> list[str]:
    """The labels of a file, each once, in its order. Raises `UsageError` for a file that is missing, and for fewer than
    two labels."""
    if not path:
        raise UsageError("--labels: missing: name a file with one label per line")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"--labels {path}: {error.strerror}") from error
    lines = (line.strip() for line in text_lines(list_text(data, f"--labels {path}")))
    labels = list(dict.fromkeys(filter(None, lines)))
    if len(labels) < _FEWEST:
        raise UsageError(f"--labels {path}: holds {len(labels)} of at least {_FEWEST} labels")
    return labels


def _labels_identity(labels: list[str]) -> dict[str, Any]:
    return {"files": len(labels), "sha256": digest(labels)}


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    labelling = settings.labelling
    labels = read_labels(labelling.labels)
    if plain := [template for template in labelling.template if "{}" not in template]:
        raise UsageError(f"--template {plain[0]!r}: has no {{}}, in whose place the label is put")
    model = given_model(settings.embedding.model)
    truth = [labelling.truth] if labelling.truth is not None else []
    source = open_source(inputs[0], (Stage.EMBEDDINGS,), ("uuid", "url", "embedding", *truth))
    check_same_model(model, inputs[0])
    identity = {"source": source.identity, "model": model_identity(model), "label_names": _labels_identity(labels)}
    run_folder = open_run(CLASSIFY, settings, identity, reads=inputs)
    if not run_folder.finished:
        vectors = embed_labels(load_clip(model, device=CPU, threads=1), labels, labelling.template)
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "classify", paths) as spark, run_folder.writing():
            labels_stage(run_folder, source.frame(spark), labels, vectors, labelling.truth)
    return run_folder
