"""README.md in an output folder: Ballast's own is replaced and deleted, a user's never."""

import pytest

from jobs.runs.card_file import delete_card, write_card
from udfs.record import CARD_FILE, CARD_MARK, FORMER_CARD_FILE, RunRecord
from udfs.run_json import make_record
from udfs.storage.local import LocalStorage


@pytest.fixture
def record() -> RunRecord:
    stages = {"pool": {"pairs": 3, "images": 2}}
    return make_record({"ballast": "0.1.0", "job": "dedup", "state": "running", "settings": {}, "stages": stages})


def test_an_earlier_card_is_replaced_and_deleted(record, tmp_path):
    storage = LocalStorage(str(tmp_path))
    storage.write(FORMER_CARD_FILE, b"# Data card")
    storage.write(CARD_FILE, f"{CARD_MARK}of an earlier run".encode())
    write_card(storage, record)
    assert list(storage.list_files("")) == [CARD_FILE]
    assert "ballast dedup" in (tmp_path / CARD_FILE).read_text(encoding="utf-8")
    storage.write(FORMER_CARD_FILE, b"# Data card")
    delete_card(storage)
    assert list(storage.list_files("")) == []


def test_a_users_file_stays(record, tmp_path, capsys):
    storage = LocalStorage(str(tmp_path))
    storage.write(CARD_FILE, b"# My notes")
    write_card(storage, record)
    delete_card(storage)
    assert storage.read(CARD_FILE) == b"# My notes"
    assert "README.md: Ballast did not write this file" in capsys.readouterr().err
