"""The drill: a moment of the window is restored somewhere else, looked at, and thrown away."""

import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ops.archive.objects import note
from ops.archive.window import Span, read
from ops.errors import OpsError
from ops.postgres.programs import Programs
from ops.postgres.restored import Seen, look
from ops.restoring.fetch import Fetching, check_space
from ops.restoring.recover import Recovering
from ops.sealing import Identity
from ops.stores.store import Store

#: A restored heartbeat may be this much older than the moment: the beats' distance, and a slow machine.
BEAT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Drilled:
    """A drill that passed."""

    moment: datetime
    seconds: float
    seen: Seen


def drill(
    store: Store,
    identity: Identity,
    programs: Callable[[Path], Programs],
    *,
    moment: datetime | None,
    room: Path | None,
    say: Callable[[str], None],
) -> Drilled:
    """Restore a moment and look at it; raise OpsError with what is wrong."""
    began = time.monotonic()
    contents = read(store)
    spans = contents.spans()
    if not spans:
        raise OpsError("the archive has no backup that can be restored")
    when = moment or drawn(spans, random.SystemRandom())
    plan = contents.plan(when)
    place = Path(tempfile.mkdtemp(prefix="smelt-drill-", dir=room))
    try:
        check_space(place, [plan])
        fetched = Fetching(store, identity, place)
        recovering = Recovering(programs(place), place)
        recovering.own(place)
        for link in plan.links:
            say(f"fetching backup {link.id}")
            fetched.backup(link)
        say(f"fetched and opened {fetched.log(plan)} pieces of log")
        recovering.combine(fetched, plan, "main")
        with recovering.recovered("main", fetched.log_room, to=when) as server:
            seen = look(server)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    check(seen, when)
    for database, rows in seen.rows.items():
        say(f"{database}: schema {seen.revisions.get(database, 'none')}, about {rows} rows")
    seconds = time.monotonic() - began
    note(store, "drill", moment=when.isoformat(), seconds=round(seconds, 1))
    return Drilled(when, seconds, seen)


def drawn(spans: list[Span], draw: random.Random) -> datetime:
    """Return a moment of the window, each as likely as any other."""
    lengths = [(span.end - span.begin).total_seconds() for span in spans]
    (span,) = draw.choices(spans, [length or 1e-6 for length in lengths])
    return span.begin + timedelta(seconds=draw.uniform(0, (span.end - span.begin).total_seconds()))


def check(seen: Seen, when: datetime) -> None:
    """Raise OpsError unless what was restored is what was there at the moment."""
    if seen.heartbeat is None:
        raise OpsError("the restored cluster has no heartbeat")
    if seen.heartbeat > when:
        raise OpsError(f"the restored cluster is from after the moment: its heartbeat is {seen.heartbeat}")
    if when - seen.heartbeat > BEAT:
        raise OpsError(
            f"the restored cluster is older than it should be: its last heartbeat is {seen.heartbeat}, "
            f"{(when - seen.heartbeat).total_seconds():.0f} s before the moment"
        )
