"""The reference page matches the code and covers everything."""

from pools import record_of, undocumented

from jobs.reference import PAGE, reference
from jobs.settings.settings import SETTINGS
from udfs import schemas
from udfs.outcomes import COUNTERS, FileStatus


def test_the_reference_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run make reference"


def test_every_column_setting_and_outcome_has_a_meaning():
    columns = {
        name
        for schema in (schemas.SUBSET, schemas.IMAGE, schemas.FILE, schemas.LIST_ENTRY_COUNT, schemas.REPEAT)
        for name in schema.names
    }
    assert columns - set(COUNTERS) == set(schemas.MEANINGS)
    assert all(item.meaning for item in (*COUNTERS, *FileStatus))
    assert all(f"`--{name.replace('_', '-')}" in reference() for name in SETTINGS)


def test_every_key_of_a_run_has_a_meaning(curated):
    record = record_of(curated)
    record["stages"]["pool"]["more"] = record["later"] = 1
    assert undocumented(record) == {"later", "pool.more"}
