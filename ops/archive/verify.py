"""Checks the archive without an identity: what its names promise is there, unaltered, and leaves no hole."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from ops.archive.manifest import chain
from ops.archive.objects import note
from ops.archive.window import Contents, read
from ops.errors import Damaged
from ops.stores.errors import NoSuchObject
from ops.stores.store import Store


def verify(
    store: Store, *, now: datetime, window: timedelta, quick: bool, say: Callable[[str], None]
) -> list[str]:
    """Return every fault in a sentence that names the object; none: the window can be restored."""
    contents = read(store)
    findings = _holes(contents, now=now, window=window)
    checked = 0
    for key, size, digest in _promised(contents):
        found = _fault(store, key, size=size, digest=digest, quick=quick)
        findings += [found] if found else []
        checked += 1
    say(f"{checked} objects checked" + (" by name and size" if quick else " by digest"))
    say(contents.described())
    if not findings:
        note(store, "verify", objects=checked)
    return findings


def _holes(contents: Contents, *, now: datetime, window: timedelta) -> list[str]:
    findings = []
    known = list(contents.backups)
    for backup in known:
        try:
            chain(backup, known)
        except Damaged as error:
            findings.append(str(error))
        run = contents.log.after(backup)
        if run.missing:
            fault = f"piece {run.missing} of the log is missing"
            # Every backup before a hole sees the same one.
            findings += [] if fault in findings else [fault]
        if run.covered < backup.end_time:
            findings.append(f"the log of backup {backup.id} is not in the archive")
    spans = contents.spans()
    if not spans:
        return [*findings, "there is no backup that can be restored"]
    oldest = now - window
    begin = min(backup.end_time for backup in known)
    for before, after in pairwise(spans):
        # Between a restore and the end of the backup that follows it there is nothing to go back to.
        if after.begin > oldest and after.timeline == before.timeline:
            findings.append(
                f"moments between {before.end.isoformat()} and {after.begin.isoformat()} cannot be restored"
            )
    if spans[0].begin > max(oldest, begin):
        findings.append(f"the oldest moment of the window is {spans[0].begin.isoformat()}")
    return findings


def _promised(contents: Contents) -> list[tuple[str, int, str]]:
    data = [(each.data_key, each.size, each.digest) for each in contents.backups]
    return data + [(each.key, each.size, each.digest) for each in contents.log.pieces.values()]


def _fault(store: Store, key: str, *, size: int, digest: str, quick: bool) -> str:
    try:
        with store.reading(key) as source:
            if quick:
                return ""
            read, digested = 0, hashlib.sha256()
            while part := source.read(1 << 20):
                read += len(part)
                digested.update(part)
    except NoSuchObject:
        return f"{key} is missing"
    if read != size:
        return f"{key} has {read} bytes, but {size} were written"
    return "" if digested.hexdigest() == digest else f"{key} was altered"
