"""Embed: embed checked images with a model in a local folder, and score how well captions match them."""

if __name__ == "__main__":  # run by its path; a copy of this file trusts nothing that lies beside it
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent
    sys.path[:1] = [str(folder.parent)] if folder.name == "jobs" else []
    from jobs import cli

    raise SystemExit(cli.main(["embed", *sys.argv[1:]]))

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.console.commands.images import EMBED
from jobs.console.run_job import open_run
from jobs.images.checked_images import CheckedImages, open_checked
from jobs.images.embed_images import embeddings_stage
from jobs.images.embed_texts import texts_stage
from jobs.images.given_model import given_model, model_identity
from jobs.images.score_pairs import embedded_pairs, scores_stage
from jobs.images.shipped_model import ship_model
from jobs.runs.identity import digest
from jobs.runs.run_folder import RunFolder
from jobs.runs.step_input import Source, open_source
from jobs.settings.settings import Settings
from jobs.spark.frames import set_shuffle_partitions
from jobs.spark.session import spark_session
from udfs.errors import UsageError
from udfs.extras import require
from udfs.image_outcomes import ImageOutcome
from udfs.image_schemas import EMBEDDED, SCORED
from udfs.models.devices import CPU
from udfs.models.model_folder import ModelFolder
from udfs.stages import Stage


class Work(NamedTuple):
    """What to embed, by which model. `heads` are the files of --score by their columns."""

    checked: CheckedImages
    pairs: Source | None
    model: ModelFolder
    heads: dict[str, Path]


def embed_stages(spark: SparkSession, run_folder: RunFolder, work: Work, settings: Settings) -> None:
    """Embed the images, then the captions, then score their pairs, as far as the folder does not have it yet."""
    embedding, reading = settings.embedding, settings.reading
    checked, source = work.checked, work.pairs
    set_shuffle_partitions(spark, checked.source.size_bytes + (source.size_bytes if source is not None else 0))
    shipped = ship_model(spark.sparkContext, work.model, work.heads, embedding.device)
    embeddings_stage(spark, run_folder, checked, shipped, embedding.batch_size, reading)
    run_folder.drop(Stage.PLACES)
    if not run_folder.paths(Stage.EMBEDDINGS):
        return
    pairs = source.frame(spark) if source is not None else None
    if pairs is not None:
        embeddings = spark.read.parquet(*run_folder.paths(Stage.EMBEDDINGS))
        texts_stage(spark, run_folder, embedded_pairs(pairs, embeddings), shipped, embedding.batch_size, reading)
        run_folder.drop(Stage.CAPTIONS)
    if pairs is not None or work.heads:
        images = checked.source.frame(spark).where(F.col("status") == ImageOutcome.SUCCESS.value)
        scores_stage(spark, run_folder, pairs, images, list(work.heads))


def _heads(settings: Settings, checked: CheckedImages) -> dict[str, Path]:
    """The files of --score by their columns. Raises `UsageError` for missing ones, and for columns that there are."""
    taken = {*checked.source.columns, *EMBEDDED.names, *SCORED.names}
    heads: dict[str, Path] = {}
    for name, path in settings.embedding.score:
        if name in taken or name in heads:
            raise UsageError(f"--score {name}={path}: there is a column {name} already: choose another name")
        if not Path(path).is_file():
            raise UsageError(f"--score {name}={path}: no such file")
        heads[name] = Path(path)
    _try(heads)
    return heads


def _try(heads: dict[str, Path]) -> None:
    """Load the heads here, so that a file that is none is an error before Spark starts."""
    if heads:
        require("onnxruntime")
        from udfs.models.score_head import ScoreHead

        for name, path in heads.items():
            ScoreHead(name, path, device=CPU, threads=1)


def execute(inputs: list[str], settings: Settings) -> RunFolder:
    embedding = settings.embedding
    model = given_model(embedding.model)
    checked = open_checked(inputs[0], settings.download.downloaded)
    pairs = None
    if embedding.scored_pairs is not None:
        stages = (Stage.POOL, Stage.SUBSET)
        pairs = open_source(embedding.scored_pairs, stages, ("uuid", "caption", "caption_hash"))
    heads = _heads(settings, checked)
    lines = (f"{name} {sha256(path.read_bytes()).hexdigest()}" for name, path in heads.items())
    identity = {
        "source": checked.source.identity,
        "model": model_identity(model),
        "pairs": pairs.identity if pairs is not None else None,
        "scorers": {"files": len(heads), "sha256": digest(lines)} if heads else None,
    }
    reads = [*inputs, checked.download, *([embedding.scored_pairs] if embedding.scored_pairs is not None else [])]
    run_folder = open_run(EMBED, settings, identity, reads=reads)
    if not run_folder.finished:
        paths = settings.spark_paths(*inputs)
        with spark_session(settings.execution, "embed", paths) as spark, run_folder.writing():
            embed_stages(spark, run_folder, Work(checked, pairs, model, heads), settings)
    return run_folder
