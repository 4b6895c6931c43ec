"""One list of words says what looks like a secret, for records and requests alike."""

import pytest

from jobs.aws.emr_requests import refuse_secrets
from jobs.settings.secrets import without_secret
from udfs.errors import UsageError

SECRETS = ["secret", "password", "token", "credential", "signature", "access.key", "access-key", "access_key"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_neither_recorded_nor_sent(name):
    pair = f"spark.some.{name.upper()}=x9"
    assert without_secret(pair) == f"spark.some.{name.upper()}=(not recorded)"
    with pytest.raises(UsageError, match="looks like a secret") as refused:
        refuse_secrets([pair])
    assert "x9" not in str(refused.value)


def test_other_settings_are_recorded_and_sent():
    pair = "spark.executor.memory=8g"
    assert without_secret(pair) == pair
    refuse_secrets([pair])
