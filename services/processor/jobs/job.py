"""A job as its owner sees it, and the numbers derived from its counters."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: A job's data key is made once and never replaced; the vault binds it to this generation.
JOB_KEY_GENERATION = 1
#: A progress mark older than this no longer tells the current rate. If this is too short, the rate drops to 0
#: between slow rows; too long, and a stalled job seems to progress.
_MARK_LIVES_SECONDS = 15.0


class State(StrEnum):
    """The state of a job."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
#: Pause reasons of jobs that go on by themselves: their provider, or one of our own services, was away.
GOES_ON = ("PROVIDER_DOWN", "SERVICE_DOWN")
LIVE = frozenset({State.PENDING, State.RUNNING, State.PAUSED})


@dataclass(frozen=True, slots=True)
class ShownStep:
    """What a job shows of one of its templates, as it was at the start."""

    template: str
    display_name: str
    model: str
    output_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """A job with the counters of the last commit. Its sealed parts and grant never leave the processor."""

    id: str
    account: str
    file: str
    parse: int
    templates: tuple[str, ...]
    first_row: int
    last_row: int
    parallel_calls: int
    api_key: str
    state: State
    pause_reason: str
    error_reason: str
    error_message: str
    succeeded: int
    failed: int
    input_tokens: int
    output_tokens: int
    mark_time: datetime | None
    mark_done: int
    mark_rate: float
    create_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    wrapped_key: bytes
    grant_id: str
    #: In billionths of a US dollar. The cost is unknown unless `priced`: every model has a price.
    cost_nanos: int = 0
    max_cost_nanos: int = 0
    priced: bool = False
    tokens_estimated: bool = False
    #: Whether answers were put back, so that the result file has former ones.
    edited: bool = False
    #: What the provider said of the job as a whole, sealed.
    error_said: bytes = b""
    #: Whether prompts go in batches, and how the rest goes (`economy.py`); and the batches under way.
    economy: str = ""
    open_batches: int = 0
    #: Rows of which nothing was sent, because their used columns are blank.
    skipped: int = 0
    #: Empty for jobs of earlier releases.
    file_name: str = ""
    steps: tuple[ShownStep, ...] = ()
    #: What its owner calls it; empty if nobody said.
    display_name: str = ""

    @property
    def total(self) -> int:
        """Rows of the job."""
        return self.last_row - self.first_row + 1

    @property
    def done(self) -> int:
        """Rows that have their result."""
        return self.succeeded + self.failed + self.skipped

    @property
    def percent(self) -> float:
        """Share of rows that are done, 0 to 100."""
        return round(100.0 * self.done / self.total, 2)

    def rows_per_second(self, now: datetime) -> float:
        """Return the recent rate of a running job, or the average rate of an ended one."""
        if self.start_time is None or self.done == 0:
            return 0.0
        if self.end_time is not None:
            return _per_second(self.done, self.start_time, self.end_time)
        if self.state is not State.RUNNING:
            return 0.0
        if self.mark_time is None:
            return _per_second(self.done, self.start_time, now)
        if (now - self.mark_time).total_seconds() > _MARK_LIVES_SECONDS:
            return 0.0
        return self.mark_rate or _per_second(self.done, self.start_time, now)

    def eta_seconds(self, now: datetime) -> int:
        """Return the remaining seconds at the current rate; 0 when unknown or done."""
        rate = self.rows_per_second(now)
        if self.state is not State.RUNNING or rate <= 0:
            return 0
        return min(round((self.total - self.done) / rate), 2**31 - 1)


class FindsJobs(Protocol):
    """Finds an account's jobs."""

    async def get(self, account: str, id_: str) -> Job:
        """Return a job; raise JobNotFound."""
        ...


class FindsSnapshots(FindsJobs, Protocol):
    """Finds an account's jobs and what they froze."""

    async def snapshot(self, account: str, id_: str) -> bytes:
        """Return a job's sealed snapshot, which may have megabytes; raise JobNotFound."""
        ...


class AnnouncesJobs(Protocol):
    """Tells a job's watchers that it changed."""

    def announce(self, job: str, *, urgent: bool = False) -> None: ...


def _per_second(rows: int, start: datetime, end: datetime) -> float:
    return rows / max((end - start).total_seconds(), 0.05)
