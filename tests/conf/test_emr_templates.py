"""Every JSON template of conf/emr/ loads, and what fills them refuses what it does not know."""

import json
from pathlib import Path

import pytest

from jobs.aws.emr_templates import check_request, fill_template
from udfs.errors import BallastError, UsageError

EMR = Path(__file__).resolve().parents[2] / "conf" / "emr"
TEMPLATES = sorted(EMR.rglob("*.json"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_placeholder_without_a_value_is_named(path):
    assert isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    name = path.relative_to(EMR).with_suffix("").as_posix()
    with pytest.raises(BallastError, match=rf"conf/emr/{name}\.json: unknown placeholder \$\{{[a-z_]+\}}$"):
        fill_template(name, {})


def test_numbers_stay_numbers_and_lists_are_spliced_and_none_is_left_out():
    values = {"instance_type": "m6i.4xlarge", "disk_gb": 7}
    (device,) = fill_template("instance", values)["EbsConfiguration"]["EbsBlockDeviceConfigs"]
    assert device["VolumeSpecification"]["SizeInGB"] == 7
    words = {"artifacts": "s3://b/a", "inputs": ["one", "two"], "flags": [], "out": "s3://b/o", "on_failure": None}
    step = fill_template("steps/curate", words)
    assert step["HadoopJarStep"]["Args"][4:] == ["curate", "one", "two", "--out", "s3://b/o"]
    assert "ActionOnFailure" not in step


def test_a_request_that_the_service_would_refuse_is_refused():
    with pytest.raises(UsageError, match='RunJobFlow: Missing required parameter in input: "Instances"'):
        check_request("emr", "RunJobFlow", {"Name": "x"})
    with pytest.raises(UsageError, match='Unknown parameter in input: "Nmae"'):
        check_request("emr", "RunJobFlow", {"Name": "x", "Instances": {}, "Nmae": "y"})
