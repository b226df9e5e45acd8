"""A job before it exists: what its owner requests, and what is stored once the request was checked."""

from dataclasses import dataclass
from datetime import datetime

from services.processor.jobs.job import ShownStep
from services.processor.jobs.plan import Shards


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What the owner requests: None means the file's ends, 0 the default, empty the active API key."""

    file: str
    templates: tuple[str, ...]
    first_row: int | None
    last_row: int | None
    parallel_calls: int
    api_key: str
    #: US dollars as a decimal number; empty means no limit.
    max_cost: str = ""
    identical_once: bool = False
    economy: str = ""
    #: Whether rows whose used columns are blank are sent too.
    send_blank_rows: bool = False
    #: What its owner calls the job.
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class MostJobs:
    """How many jobs an account may have: those that have not ended, and all that are stored."""

    live: int
    stored: int


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is ready to start."""

    id: str
    account: str
    file: str
    parse: int
    templates: tuple[str, ...]
    first_row: int
    last_row: int
    parallel_calls: int
    api_key: str
    wrapped_key: bytes
    snapshot: bytes
    sealed_grant: bytes
    grant_id: str
    grant_expire_time: datetime
    create_time: datetime
    shards: Shards
    max_cost_nanos: int
    priced: bool
    file_name: str
    steps: tuple[ShownStep, ...]
    economy: str = ""
    display_name: str = ""
