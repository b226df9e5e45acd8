"""What the processor knows of other services: the values that cross their contracts, without the messages.

What several rooms need from a service is a Protocol here, named by what it does; a room that needs more
extends it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from services.common import identity
from services.common.identity import Passport
from services.common.key_kinds import KeyKind


@dataclass(frozen=True, slots=True)
class Released:
    """An API key for one call, and the endpoint it may be sent to."""

    secret: bytes = field(repr=False)
    base_url: str
    kind: KeyKind = KeyKind.OPENAI
    #: How long the provider may take for one answer; 0 means as long as the installation says.
    timeout_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """What an API key is released for; each use is good for one release."""

    row: int
    template: int
    claim: int
    attempt: int


#: Call metadata that proves on whose behalf a call is made.
Proof = tuple[tuple[str, str], ...]


def as_person(person: Passport) -> Proof:
    """Return the proof for a person whose request is being served."""
    return identity.metadata(person, identity.current_call().request_id)


def by_grant(token: str) -> Proof:
    """Return the proof for work that continues without its owner."""
    return ((identity.GRANT_KEY, token),)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written: between cells, at its beginning, at the end of lines, and around cells.

    The defaults are those of RFC 4180. Without `quotes_all`, only cells that need quotes have them.
    """

    delimiter: str = ","
    byte_order_mark: bool = False
    line_end: str = "\r\n"
    quotes_all: bool = False


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a job needs to know about a file."""

    name: str
    parse: int
    row_count: int
    columns: tuple[str, ...]
    #: How its results are written unless something else is asked for.
    dialect: Dialect = field(default_factory=Dialect)
    #: The encoding, if it is only a guess, and a line that shows it.
    guessed_encoding: str = ""
    sample_line: str = ""
    #: The name that it was uploaded under.
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What is known about an API key without its secret."""

    name: str
    base_url: str
    #: As in `Released`.
    timeout_seconds: int = 0


@dataclass(frozen=True, slots=True)
class DataKey:
    """A job's data key and its wrapped form, which is stored."""

    key: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class MintedGrant:
    """A new grant, for one piece of work; the sealed one is what may be stored."""

    token: str = field(repr=False)
    id: str
    expire_time: datetime
    sealed: bytes = field(repr=False)


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
    economy: bool = False


@dataclass(frozen=True, slots=True)
class ResultAbout:
    """Which result file is written; a file with a higher fence replaces one with a lower fence."""

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


class ChecksFiles(Protocol):
    """Knows whether a file is there."""

    async def check(self, file: str, proof: Proof) -> None:
        """Return if it is; raise FILE_NOT_FOUND."""
        ...


class WritesResults(Protocol):
    """Keeps result files."""

    async def write_result(
        self, about: ResultAbout, pieces: AsyncIterable[bytes], proof: Proof
    ) -> StoredResult: ...


class DescribesApiKeys(Protocol):
    """Knows API keys, but not their secrets."""

    async def describe_key(self, name: str, proof: Proof) -> KeyFacts: ...


class ReleasesApiKeys(Protocol):
    """Releases an API key, for one call at a time."""

    async def release(self, grant: str, use: Use) -> Released: ...


class OpensDataKeys(Protocol):
    """Opens the data key of a job."""

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes: ...


class MintsGrants(Protocol):
    """Mints the grants under which work continues without its owner."""

    async def mint_grant(self, scope: GrantScope, proof: Proof) -> MintedGrant: ...


class OpensGrants(Protocol):
    """Opens grants that were sealed for storage."""

    async def open_grant(self, sealed: bytes) -> str: ...


class RevokesGrants(Protocol):
    """Ends grants before they expire: a person those of the account, a grant itself."""

    async def revoke_grant(self, grant_id: str, proof: Proof) -> None: ...


class RenewsWebhookGrants(Protocol):
    """Keeps the grant under which messages to an account's webhooks are signed."""

    async def renew(self, person: Passport) -> None:
        """Make sure that the account's grant lasts as long as work may that begins now."""
        ...
