"""The settings of S3A. `make test-hadoop` runs Spark with them on a real server."""

from jobs.spark.s3a import settings_of, static_settings


def test_the_file_of_settings_loads():
    settings = static_settings()
    assert all(key.startswith("spark.") and value and " " not in value for key, value in settings.items())
    assert settings["spark.hadoop.fs.s3a.committer.name"] == "magic"
    assert "spark.sql.sources.commitProtocolClass" in settings


def test_the_aws_variables_are_passed_on():
    assert settings_of({}) == {}
    assert settings_of({"AWS_REGION": "eu-west-1"}) == {"spark.hadoop.fs.s3a.endpoint.region": "eu-west-1"}
    assert settings_of({"AWS_ENDPOINT_URL": "http://host:9000", "AWS_ENDPOINT_URL_S3": "http://s3:9000"}) == {
        "spark.hadoop.fs.s3a.endpoint": "http://s3:9000",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
    }
    (provider,) = settings_of({"AWS_PROFILE": "team"}).values()
    assert provider.endswith("ProfileCredentialsProvider")
    keys = {
        "AWS_ACCESS_KEY_ID": "abc",
        "AWS_SECRET_ACCESS_KEY": "def",
        "AWS_SESSION_TOKEN": "ghi",
        "AWS_PROFILE": "team",
    }
    assert settings_of(keys) == {}, "keys are never in a setting; S3A reads the variables itself"
