"""What the processor knows of the other services: values that cross their contracts, without the messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from services.common import identity
from services.common.identity import Passport


@dataclass(frozen=True, slots=True)
class Released:
    """A key for one call, and the endpoint it may be sent to."""

    secret: bytes = field(repr=False)
    base_url: str


@dataclass(frozen=True, slots=True)
class Use:
    """What a key is released for; each use is good for one release."""

    row: int
    template: int
    claim: int
    attempt: int


#: Metadata that proves for whom a call is made.
Proof = tuple[tuple[str, str], ...]


def as_person(person: Passport) -> Proof:
    """Return the proof of somebody who is here."""
    return identity.metadata(person, identity.current_call().request_id)


def by_grant(token: str) -> Proof:
    """Return the proof of work that goes on without its owner."""
    return ((identity.GRANT_KEY, token),)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a job needs to know of a file."""

    name: str
    parse: int
    row_count: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be known of an API key before it is used."""

    name: str
    base_url: str


@dataclass(frozen=True, slots=True)
class DataKey:
    """A job's data key and the form in which it is kept."""

    key: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class MintedGrant:
    """Leave to run one job."""

    token: str
    id: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class GrantScope:
    """What a job's grant allows."""

    job: str
    file: str
    parse: int
    api_key: str
    first_row: int
    last_row: int
    template_count: int
    release_budget: int
    purpose: Literal["JOB", "TEMPLATE_TEST"] = "JOB"


@dataclass(frozen=True, slots=True)
class ResultAbout:
    """Which result file is written; a later fence replaces an earlier one's file."""

    job: str
    variant: str
    fence: int
    row_count: int
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class StoredResult:
    """Facts of a result file."""

    size_bytes: int
    sha256: str
    row_count: int


class Row(Protocol):
    """A row of a file: its number, and a cell for each column."""

    @property
    def number(self) -> int: ...
    @property
    def cells(self) -> Sequence[str]: ...


Rows = Sequence[Row]
