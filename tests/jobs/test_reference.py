"""The reference page matches the code and covers everything."""

from pools import record_of, undocumented

from jobs.reference import IMAGE_TABLES, PAGE, reference
from jobs.settings.settings import SETTINGS
from udfs import image_schemas, schemas
from udfs.image_outcomes import IMAGE_COUNTERS
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
    of_images = {name for schema in IMAGE_TABLES.values() for name in schema.names}
    assert of_images == set(image_schemas.MEANINGS)
    assert all(item.meaning for item in (*COUNTERS, *FileStatus, *IMAGE_COUNTERS))
    assert all(f"`{item.option}" in reference() for item in SETTINGS.values())


def test_every_key_of_a_run_has_a_meaning(curated):
    record = record_of(curated)
    record["stages"]["pool"]["more"] = record["later"] = 1
    assert undocumented(record) == {"later", "pool.more"}
