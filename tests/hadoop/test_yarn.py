"""A real YARN gives the rows of a local run, from HDFS to HDFS, by the lines of SUBMIT.md."""

import pytest
from runs import Rows, events_of
from standalone import HOSTS
from yarn_runs import CLIENT, CLUSTER, YarnRun


@pytest.mark.parametrize("section", [CLIENT, CLUSTER])
def test_yarn_gives_the_rows_of_a_local_run(section: str, run: YarnRun, expected: Rows) -> None:
    run.submit(section)
    assert run.finish() == expected
    assert run.hosts() == set(HOSTS), "both took part"
