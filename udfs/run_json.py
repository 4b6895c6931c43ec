"""The keys of run.json: to a `RunRecord` and back, and what each means. Nothing else reads run.json by its keys.

The file is flatter than the record: the statuses and counters of input files, and the facts of the only draw, are keys
of their stage.
"""

import json
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import msgspec

from udfs.outcomes import COUNTERS, FileStatus
from udfs.record import RunRecord, Stages
from udfs.spark_figures import SparkFigures, TaskTimes
from udfs.stages import DrawFacts, FilterFacts, ListDraw, Stage, StageFacts, SubsetFacts, SurvivorCounts


def make_record(fields: Mapping[str, Any]) -> RunRecord:
    """The record of these keys of run.json. Raises `ValueError` for values of another type, and for missing keys."""
    try:
        return msgspec.convert(_nested(fields), RunRecord)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def parse_record(data: bytes) -> RunRecord:
    """The record that run.json holds; unknown keys are ignored. Raises `ValueError` for anything else."""
    fields = json.loads(data)
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    return make_record(fields)


def record_fields(record: RunRecord) -> dict[str, Any]:
    """The keys of run.json with their values, as plain JSON types."""
    fields: dict[str, Any] = msgspec.to_builtins(record)
    stages = fields["stages"]
    for stage in {Stage.FILES, Stage.DOWNLOADS} & stages.keys():
        stages[stage] |= {**stages[stage].pop("statuses"), **stages[stage].pop("counters", {})}
    if Stage.SUBSET in stages and len(stages[Stage.SUBSET]["subsets"]) == 1:
        [only] = stages[Stage.SUBSET].pop("subsets")
        stages[Stage.SUBSET] |= only
    return fields


def record_json(record: RunRecord) -> bytes:
    """The record as run.json."""
    return (json.dumps(record_fields(record), indent=2, ensure_ascii=False) + "\n").encode()


def _nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of run.json, with the facts of `files` and `subset` nested as in their types."""
    stages = fields.get("stages")
    if not isinstance(stages, Mapping):
        return dict(fields)
    stages = dict(stages)
    for stage in (Stage.FILES, Stage.DOWNLOADS):
        if isinstance(files := stages.get(stage), Mapping):
            stages[stage] = {
                **files,
                "statuses": {status: files[status] for status in FileStatus if status in files},
                "counters": {counter: files[counter] for counter in COUNTERS if counter in files},
            }
    subset = stages.get(Stage.SUBSET)
    if isinstance(subset, Mapping) and "subsets" not in subset:
        stages[Stage.SUBSET] = {**subset, "subsets": [subset]}
    return {**fields, "stages": stages}


def record_meanings() -> dict[str, str]:
    """The keys of run.json with their meanings."""
    return _meanings(RunRecord)


def facts_meanings() -> dict[Stage, dict[str, str]]:
    """The facts of each stage under `stages`, with their meanings, without those of every stage. The facts of draws are
    among those of `subset`; the meanings of the counters and statuses of `files` are in `Outcome` and `FileStatus`."""
    by_stage = {}
    for name, hint in get_type_hints(Stages).items():
        facts = get_args(hint)[0]
        meanings = _meanings(facts)
        if facts is SubsetFacts:
            counts = {f"survivors.{name}": meaning for name, meaning in _meanings(SurvivorCounts).items()}
            counts |= {f"filtered.{name}": meaning for name, meaning in _meanings(FilterFacts).items()}
            of_lists = {f"lists.{name}": meaning for name, meaning in _meanings(ListDraw).items()}
            meanings |= counts | _meanings(DrawFacts) | of_lists
        by_stage[Stage(name)] = {key: meaning for key, meaning in meanings.items() if key not in _meanings(StageFacts)}
    return by_stage


def spark_meanings() -> dict[str, str]:
    """The figures of Spark under each stage, with their meanings."""
    return _meanings(SparkFigures) | {f"heaviest.{name}": meaning for name, meaning in _meanings(TaskTimes).items()}


def _meanings(struct: type[msgspec.Struct]) -> dict[str, str]:
    hints = get_type_hints(struct, include_extras=True)
    metas = {name: getattr(hints[name], "__metadata__", ()) for name in struct.__struct_fields__}
    return {name: meta.description for name, metas_of_name in metas.items() for meta in metas_of_name}
