"""Names of WordNet's synsets, or lemmas of the Open Multilingual Wordnet: a dict folder or a .tab file to Parquet."""

from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.entries.partial_counts import files_identity, input_records
from jobs.runs.run_folder import RunFolder
from jobs.runs.stopwatch import Stopwatch
from jobs.spark.frames import ddl
from metadata.counting import SYNSET_NAME
from metadata.wordnet import DATA_FILES, check_dict_dir, synset_counts, tab_counts
from udfs.stages import Stage, WordnetFacts


def wordnet_paths(source: str) -> list[str]:
    """The data files of a dict folder, or the .tab file. Raises `UsageError` if one is missing."""
    if Path(source).is_file():
        return [str(Path(source).absolute())]
    check_dict_dir(Path(source))
    return [str(Path(source).absolute() / name) for name in DATA_FILES]


def wordnet_identity(source: str) -> dict[str, Any]:
    return {"inputs": files_identity(wordnet_paths(source))}


def wordnet_stage(spark: SparkSession, run_folder: RunFolder, source: str) -> None:
    """Write `wordnet/`: one row per name (`name`, `synsets`: how many synsets it names)."""
    if run_folder.record.stages.wordnet is not None:
        return
    watch = Stopwatch()
    counts = (tab_counts if Path(source).is_file() else synset_counts)(Path(source))
    run_folder.clean(Stage.WORDNET)
    frame = spark.createDataFrame(list(counts.items()), ddl(SYNSET_NAME)).coalesce(1)
    run_folder.commit(Stage.WORDNET, frame)
    inputs = input_records(spark, wordnet_paths(source))
    run_folder.finish_stage(WordnetFacts(distinct=len(counts), inputs=inputs, seconds=watch.seconds))
