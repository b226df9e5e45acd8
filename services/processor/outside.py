"""What the processor knows of the other services: values that cross their contracts, without the messages.

What several rooms ask of a service is declared here too, by what it does; a room that asks for more adds it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
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
    """A grant to run one job."""

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


class DescribesFiles(Protocol):
    """Knows files."""

    async def facts(self, file: str, proof: Proof) -> FileFacts: ...


class ReadsRows(Protocol):
    """Reads rows of files, in batches."""

    def rows(
        self, file: str, parse: int, *, first: int, count: int, proof: Proof
    ) -> AsyncGenerator[Rows]: ...


class WritesResults(Protocol):
    """Keeps result files."""

    async def write_result(
        self, about: ResultAbout, pieces: AsyncIterable[bytes], proof: Proof
    ) -> StoredResult: ...


class DescribesApiKeys(Protocol):
    """Knows API keys, but not their secrets."""

    async def describe_key(self, name: str, proof: Proof) -> KeyFacts: ...


class ReleasesApiKeys(Protocol):
    """Hands out the secret of an API key, for one call at a time."""

    async def release(self, grant: str, use: Use) -> Released: ...


class OpensDataKeys(Protocol):
    """Opens the data key of a job."""

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes: ...


class MintsGrants(Protocol):
    """Gives work a grant to go on without its owner."""

    async def mint_grant(self, scope: GrantScope, proof: Proof) -> MintedGrant: ...


class RevokesGrants(Protocol):
    """Ends grants before their time."""

    async def revoke_grant(self, grant_id: str, account: str) -> None: ...
