"""Deletes what no moment of the window needs."""

from datetime import datetime, timedelta

from ops.archive.window import outdated, read
from ops.stores.store import Store


def prune(store: Store, *, now: datetime, window: timedelta) -> tuple[int, int]:
    """Delete outdated backups and log; return how many of each. Repeatable at any line.

    Manifests go first: a backup whose deletion was broken off does not exist.
    """
    contents = read(store)
    old, log_keys = outdated(contents, now=now, window=window)
    store.delete([backup.manifest_key for backup in old])
    store.delete([backup.data_key for backup in old])
    store.delete(log_keys)
    return len(old), len(log_keys)
