"""run.json: reading and writing the record of a run in its output folder."""

from jobs.runs.open_storage import open_storage
from udfs.errors import UsageError
from udfs.record import RUN_FILE, RunRecord
from udfs.run_json import parse_record, record_json
from udfs.storage.addresses import join, parent_of
from udfs.storage.local import Storage


def read_record(storage: Storage) -> RunRecord | None:
    """The record of a folder, None where there is no run.json. Raises `UsageError` for one that is not Ballast's."""
    data = storage.read(RUN_FILE)
    if data is None:
        return None
    try:
        return parse_record(data)
    except ValueError as error:
        path = join(storage.root, RUN_FILE)
        raise UsageError(f"{path}: not written by Ballast ({error}): name another folder") from error


def record_of(path: str) -> RunRecord | None:
    """The record of the run whose output folder, or a folder or file in it, is named; None where there is none."""
    return read_record(open_storage(path)) or read_record(open_storage(parent_of(path)))


def create_record(storage: Storage, record: RunRecord) -> bool:
    """Write the record of a new run; returns False where another run has just done so."""
    return storage.create(RUN_FILE, record_json(record))


def write_record(storage: Storage, record: RunRecord) -> None:
    """Replace the record."""
    storage.write(RUN_FILE, record_json(record))
