"""The data card of an output folder, README.md: written when a run ends, unless a user's file has this name."""

from jobs.spark.progress import warn
from udfs.record import CARD_FILE, CARD_MARK, FORMER_CARD_FILE, RunRecord
from udfs.storage.local import Storage


def write_card(storage: Storage, record: RunRecord) -> None:
    """Write the card of a run that has data sets, in place of an earlier one."""
    from jobs.runs.funnel import funnel  # these load numpy and jinja2, which look-ups need not
    from udfs.report.data_card import render_card

    card = render_card(record, funnel(record))
    if card and _is_users(storage):
        warn(f"{storage.root}/{CARD_FILE}: Ballast did not write this file and leaves it as it is: no data card")
    elif card:
        storage.write(CARD_FILE, card.encode())
        storage.delete(FORMER_CARD_FILE)


def delete_card(storage: Storage) -> None:
    """Delete the card, but not a user's file of its name."""
    if not _is_users(storage):
        storage.delete(CARD_FILE)
    storage.delete(FORMER_CARD_FILE)


def _is_users(storage: Storage) -> bool:
    written = storage.read(CARD_FILE)
    return written is not None and not written.startswith(CARD_MARK.encode())
