"""How many rows of a job failed for each reason, and how many have each flag."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.processor.answers import flags
from services.processor.jobs.job import Job, State

#: How old the counts of a running job may be. They take a look at each row that failed or has a flag, so that
#: one for each change of a watched job would cost more than the job; older ones lag behind its progress.
_FRESH_SECONDS = 2.0
#: Running jobs whose counts are kept.
_MOST_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows by the reason of their failure, and by flag: a row with two flags is in two counts."""

    reasons: Mapping[str, int] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)


class TallyStore(Protocol):
    """Counts results."""

    async def reasons(self, job: str) -> Sequence[tuple[str, int]]: ...
    async def flag_sets(self, job: str) -> Sequence[tuple[int, int]]:
        """Return each combination of flags, and how many rows have exactly it."""
        ...


class Tallies:
    """Counts the rows of a job, but not at each look while it runs."""

    def __init__(self, store: TallyStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[float, Tally]] = {}

    async def of(self, job: Job) -> Tally:
        """Return the counts; those of a job that runs may be two seconds old."""
        if not job.done:
            return Tally()
        now = self._clock()
        if job.state is State.RUNNING:
            read, tally = self._known.get(job.id, (0.0, None))
            if tally is not None and now - read < _FRESH_SECONDS:
                return tally
        tally = Tally(
            dict(sorted(await self._store.reasons(job.id))) if job.failed else {},
            _by_flag(await self._store.flag_sets(job.id)),
        )
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        if job.state is State.RUNNING:
            self._known[job.id] = now, tally
        else:
            self._known.pop(job.id, None)
        return tally


def _by_flag(sets: Sequence[tuple[int, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for bits, rows in sets:
        for name in flags.names(bits):
            counts[name] += rows
    return dict(counts)
