"""`status`: what the archive holds, for a person."""

from datetime import UTC, datetime

from ops.archive.copies import KEYSTORE, LEDGER
from ops.archive.objects import get_json, noted
from ops.archive.window import read
from ops.commands.parts import say
from ops.settings import StoreSettings
from ops.stores.chosen import chosen
from services.common.settings import load

_NAMES = {
    "wal": "log received up to now",
    "full": "full backup",
    "backup": "increment",
    "verify": "verified",
    "drill": "drilled",
}
_COPIES = {KEYSTORE: "key store's backup copied", LEDGER: "erasure ledger copied"}


def status() -> None:
    """Say what can be restored, and when each part was done last."""
    store = chosen(load(StoreSettings))
    contents = read(store)
    now = datetime.now(UTC)
    asked = [(words, noted(store, name)) for name, words in _NAMES.items()]
    asked += [(words, get_json(store, f"{name}/status.json")) for name, words in _COPIES.items()]
    for words, told in asked:
        if told is None:
            say(f"{words}: never")
            continue
        age = (now - datetime.fromisoformat(told["time"])).total_seconds()
        say(f"{words}: {age:.0f} s ago ({told['time']})")
    sizes = (
        sum(backup.size for backup in contents.backups),
        sum(piece.stored for piece in contents.log.pieces.values()),
    )
    say(f"backups: {len(contents.backups)}, {sizes[0] >> 20} MiB; log: {sizes[1] >> 20} MiB")
    say(contents.described())
