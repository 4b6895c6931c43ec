"""`ballast emr render`, checked by boto3's own model of the services and a server that simulates EMR."""

import json
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pools import document_of

from jobs.cli import main

ENVIRONMENT = "ballast-env-0.1.0-with-python3.11-x86_64-glibc2.28.tar.gz"
ROLE = "arn:aws:iam::123456789012:role/ballast"
INPUT = "s3://commoncrawl/crawl-data/CC-MAIN-2024-10/warc.paths.gz"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder with files that have the names that `make dist` gives."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("ballast_curation-0.1.0-py3-none-any.whl", "ballast-0.1.0.zip", ENVIRONMENT, "ballast_submit.py"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def flags(dist: Path) -> list[str]:
    places = ["--out", "s3://bucket/run", "--artifacts", "s3://bucket/ballast", "--dist", str(dist)]
    return ["render", "--input", INPUT, *places, "--release", "emr-7.8.0"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch):
    """A server on loopback that simulates S3, EMR and EMR Serverless, with a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    names = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "hidden"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
    yield
    server.stop()


def rendered(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["emr", *words]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def job_words(step: dict) -> list[str]:
    words = step["HadoopJarStep"]["Args"]
    return words[words.index("s3://bucket/ballast/ballast_submit.py") + 1 :]


def test_a_cluster_with_one_step(flags, capsys):
    request = rendered(capsys, *flags, "--", "--t", "20000", "--metadata", "s3://bucket/metadata.json")["run_job_flow"]
    (step,) = request["Steps"]
    assert job_words(step) == [
        *("curate", INPUT, "--out", "s3://bucket/run", "--t", "20000", "--metadata", "s3://bucket/metadata.json")
    ]
    fleets = {fleet["InstanceFleetType"]: fleet for fleet in request["Instances"]["InstanceFleets"]}
    assert fleets["TASK"]["TargetSpotCapacity"] == 10 and "TargetOnDemandCapacity" not in fleets["TASK"]
    assert "TargetSpotCapacity" not in fleets["CORE"], "shuffle files and the driver are not on spot hosts"
    properties = {item["Classification"]: item["Properties"] for item in request["Configurations"]}
    assert properties["yarn-site"]["yarn.node-labels.am.default-node-label-expression"] == "CORE"
    assert properties["spark-defaults"]["spark.executor.memoryOverhead"] == "6g"
    assert properties["spark-defaults"]["spark.pyspark.python"] == "/opt/ballast/bin/python"
    (bootstrap,) = request["BootstrapActions"]
    assert bootstrap["ScriptBootstrapAction"]["Args"][1:] == ["ballast_curation-0.1.0-py3-none-any.whl", ENVIRONMENT]


def test_each_step_reads_the_rows_of_an_earlier_one_and_gets_the_flags_that_it_takes(flags, capsys):
    own = ["--", "--languages", "en,de", "--metadata", "s3://bucket/m.json", "--t=5"]
    request = rendered(capsys, *flags, "--steps", "extract,match,dedup,count,balance,group,export", *own)[
        "run_job_flow"
    ]
    run = "s3://bucket/run"
    metadata = ["--metadata", "s3://bucket/m.json"]
    assert [job_words(step) for step in request["Steps"]] == [
        ["extract", INPUT, "--out", f"{run}/pairs", "--languages", "en,de"],
        ["match", f"{run}/pairs", "--out", f"{run}/matched", *metadata],
        ["dedup", f"{run}/matched", "--out", f"{run}/pool"],
        ["count", f"{run}/pool", "--out", f"{run}/counts", *metadata],
        ["balance", f"{run}/pool", "--out", f"{run}/subset", "--entry-counts", f"{run}/counts", *metadata, "--t=5"],
        ["group", f"{run}/subset", "--out", f"{run}/images"],
        ["export", f"{run}/subset", "--out", f"{run}/export"],
    ]


def test_a_single_step_reads_the_input(flags, capsys):
    request = rendered(capsys, *flags, "--steps", "balance", "--cluster-id", "j-1")["add_job_flow_steps"]
    assert job_words(request["Steps"][0]) == ["balance", INPUT, "--out", "s3://bucket/run/subset"]
    assert request["Steps"][0]["ActionOnFailure"] == "CANCEL_AND_WAIT"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "curate,brew"], "'brew' is not one of curate"),
        (["--dist", "/nowhere"], "--dist /nowhere: must contain one wheel, one code zip and one environment: run"),
        (["--core-types", "m7g.4xlarge"], "--core-types m7g.4xlarge: must have the architecture of"),
        (["--serverless"], "--job-role ARN is missing"),
        (["--serverless", "--job-role", ROLE, "--steps", "extract,match"], "takes one job per run"),
        (["--serverless", "--job-role", ROLE, "--disk-gb", "500"], "--disk-gb 500: must be 20 to 200"),
        (["--input", "warc.paths"], "--input warc.paths: EMR's hosts cannot read local files"),
        (["--", "--metadata", "entries.json"], "--metadata entries.json: EMR's hosts cannot read local files"),
        (["--", "--brew"], "--brew: not a flag of curate"),
        (["--", "stray"], "stray: the first word after -- must be a flag"),
        (["--", "--t", "none"], "ballast curate: argument --t: 'none' is not a whole number"),
        (["--", "--spark-conf", "spark.hadoop.fs.s3a.secret.key=x9"], "looks like a secret"),
    ],
)
def test_bad_input_is_one_line_and_status_2(flags, words, message, capsys):
    assert main(["emr", *flags, *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert "x9" not in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--release", "emr-7.1.0"], "emr-7.1.0 has a Spark older than 3.5.3: use emr-7.6.0 or later"),
        (["--release", "7.8"], "'7.8' is not a release label"),
        (["--out", "hdfs:///run"], "'hdfs:///run' is not s3://BUCKET/FOLDER"),
        (["--core-count", "0"], "argument --core-count: must be at least 1, not 0"),
        (["--job-role", "admin"], "'admin' is not the ARN of a role"),
    ],
)
def test_bad_flags_are_refused_by_the_parser(flags, words, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["emr", *flags, *words])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_an_environment_that_emrs_hosts_cannot_run_is_refused(flags, dist, capsys):
    for name, message in (
        ("ballast-env-0.1.0-python3.12-x86_64-glibc2.28.tar.gz", "is for Python 3.12"),
        ("ballast-env-0.1.0-python3.11-x86_64-glibc2.36.tar.gz", "needs a later glibc than EMR 7 has (2.34)"),
        ("ballast-env-0.1.0-python3.11-x86_64-glibc2.28.tar.gz", "contains no Python, and EMR Serverless has only 3.9"),
    ):
        next(dist.glob("ballast-env-*")).rename(dist / name)
        assert main(["emr", *flags, "--serverless", "--job-role", ROLE]) == 2
        assert message in capsys.readouterr().err


def test_files_for_the_aws_command(flags, tmp_path, capsys):
    assert main(["emr", *flags, "--write", str(tmp_path / "requests")]) == 0
    request = json.loads((tmp_path / "requests" / "run_job_flow.json").read_text(encoding="utf-8"))
    assert request["ReleaseLabel"] == "emr-7.8.0"


def test_submit_uploads_and_starts_a_cluster(flags, aws, capsys):
    assert main(["emr", *flags, "--key-name", "k", "--log-uri", "s3://bucket/logs", "--submit", "--", "--t", "5"]) == 0
    captured = capsys.readouterr()
    assert "hidden" not in captured.out + captured.err
    client = boto3.client("emr", region_name="us-east-1")
    cluster = client.describe_cluster(ClusterId=captured.out.strip())["Cluster"]
    assert (cluster["ReleaseLabel"], cluster["LogUri"]) == ("emr-7.8.0", "s3://bucket/logs")
    (step,) = client.list_steps(ClusterId=cluster["Id"])["Steps"]
    assert step["Config"]["Args"][-2:] == ["--t", "5"]
    (action,) = client.list_bootstrap_actions(ClusterId=cluster["Id"])["BootstrapActions"]
    assert action["ScriptPath"] == "s3://bucket/ballast/bootstrap.sh"
    objects = boto3.client("s3", region_name="us-east-1").list_objects_v2(Bucket="bucket")["Contents"]
    assert {item["Key"] for item in objects} == {
        f"ballast/{name}"
        for name in (
            "ballast_curation-0.1.0-py3-none-any.whl",
            "ballast-0.1.0.zip",
            ENVIRONMENT,
            "ballast_submit.py",
            "bootstrap.sh",
        )
    }
    more = [*flags, "--steps", "group", "--cluster-id", cluster["Id"], "--submit"]
    assert len(document_of(capsys, "emr", *more)["result"]["submitted"]) == 1
    assert len(client.list_steps(ClusterId=cluster["Id"])["Steps"]) == 2


def test_submit_starts_a_serverless_job(flags, aws, capsys):
    words = [*flags, "--serverless", "--job-role", ROLE, "--log-uri", "s3://bucket/logs"]
    requests = rendered(capsys, *words)
    document = document_of(capsys, "emr", *words)
    assert document["result"] == {"requests": requests, "written": [], "submitted": []}
    assert requests["create_application"]["architecture"] == "X86_64"
    assert "applicationId" not in requests["start_job_run"], "a new application has no id yet"
    assert main(["emr", *words, "--submit"]) == 0
    captured = capsys.readouterr()
    application = captured.err.split("application ")[1].split()[0]
    client = boto3.client("emr-serverless", region_name="us-east-1")
    job = client.get_job_run(applicationId=application, jobRunId=captured.out.strip())["jobRun"]
    assert job["jobDriver"]["sparkSubmit"]["entryPoint"] == "s3://bucket/ballast/ballast_submit.py"
    assert job["jobDriver"]["sparkSubmit"]["entryPointArguments"] == ["curate", INPUT, "--out", "s3://bucket/run"]
    (defaults,) = job["configurationOverrides"]["applicationConfiguration"]
    assert defaults["properties"]["spark.archives"] == f"s3://bucket/ballast/{ENVIRONMENT}#environment"


def test_an_error_of_aws_is_one_line(flags, aws, capsys):
    assert main(["emr", *flags, "--artifacts", "s3://no-such-bucket/ballast", "--submit"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("ballast: AWS refused: ") and error.count("\n") == 1
