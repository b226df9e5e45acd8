"""Exports: everything that is stored about a person, in one archive that they can download."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from services.auth.due.work import Claim
from services.auth.privacy.archive import zipped
from services.auth.sessions.sessions import SignedToken
from services.common.errors import DomainError, Kind
from services.common.identity import ExportPermit
from services.common.paging import Position
from services.common.privacy import ArchiveEntry, ArchivePiece

#: How long an archive can be downloaded; files stores it for as long.
KEPT = timedelta(hours=24)
#: Exports that an account can start in a day. An export reads everything the account has, so more would let
#: one account keep the services busy.
MOST_A_DAY = 10
#: How long an export stays in the list, with or without its archive.
LISTED = timedelta(days=30)
_PERMIT_LIFE = timedelta(hours=24)
#: Eight tries with their pauses take three minutes: longer than a restart, shorter than an owner wants to
#: wait.
MOST_TRIES = 8
_README = """\
Everything that Smelt stores about your account, in one folder per service.

account/    your account, sessions, devices, access tokens and events
files/      your files as you uploaded them, and result files
processor/  templates, variables, jobs, and the outcome of each row
vault/      facts about your API keys and the log of their uses; the keys themselves are never exported

Times are in UTC. Lists are JSON, tables are CSV.
Passwords, API keys, tokens and encryption keys are not included.
"""


class DataExportNotFound(DomainError):
    """The account has no such export."""

    reason = "DATA_EXPORT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Data export not found"


class DataExportLimit(DomainError):
    """The account has reached its daily limit of data exports."""

    reason = "DATA_EXPORT_LIMIT"
    kind = Kind.EXHAUSTED
    message = f"Your account has reached its limit of {MOST_A_DAY} data exports a day; try again later"

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=3600)


class State(Enum):
    """The progress of an export, as it is stored."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Archive:
    """Facts about a stored archive."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DataExport:
    """An export as its owner sees it."""

    id: str
    account: str
    state: State
    create_time: datetime
    end_time: datetime | None = None
    archive: Archive | None = None

    @property
    def expire_time(self) -> datetime | None:
        """When the archive expires; None while there is none."""
        return self.end_time + KEPT if self.end_time is not None and self.archive is not None else None


class ExportRecords(Protocol):
    """Stores exports."""

    async def begin(self, export: DataExport, *, most: int, since: datetime) -> DataExport | None:
        """Store a new export, or return the one under way; None if `most` were started since then."""
        ...

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[DataExport]: ...

    async def get(self, account: str, id_: str) -> DataExport | None: ...

    async def start(self, claim: Claim) -> str | None:
        """Record that an export is running; return its account, None if it is gone or the claim was lost."""
        ...

    async def finish(self, claim: Claim, archive: Archive | None, *, now: datetime) -> None:
        """Record the archive, or that the export has failed, unless the claim was lost."""
        ...


class Holder(Protocol):
    """A service that holds personal data."""

    def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]: ...


class ArchiveStore(Protocol):
    """Stores archives, whole or not at all."""

    async def write(self, permit: ExportPermit, fence: int, pieces: AsyncIterator[bytes]) -> Archive: ...


class ExportSigner(Protocol):
    """Signs export tokens."""

    async def sign_export(self, account: str, export: str, life: timedelta) -> SignedToken: ...


class DataExports:
    """Starts exports and reports their progress."""

    def __init__(
        self,
        records: ExportRecords,
        *,
        begun: Callable[[], None],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._records = records
        self._begun = begun
        self._clock = clock
        self._new_id = new_id

    async def create(self, account: str) -> DataExport:
        """Start an export, or return the one that is under way; raise DataExportLimit."""
        now = self._clock()
        wanted = DataExport(self._new_id(), account, State.PENDING, now)
        export = await self._records.begin(wanted, most=MOST_A_DAY, since=now - timedelta(days=1))
        if export is None:
            raise DataExportLimit
        self._begun()
        return export

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[DataExport]:
        """Return exports, newest first."""
        return await self._records.page(account, after, count)

    async def get(self, account: str, id_: str) -> DataExport:
        """Return an export; raise DataExportNotFound."""
        export = await self._records.get(account, id_)
        if export is None:
            raise DataExportNotFound
        return export


@dataclass(frozen=True, slots=True)
class Exporting:
    """Creates archives. After a crash an archive is started again, and replaces what was stored."""

    records: ExportRecords
    #: By the folder in the archive that holds their entries.
    holders: Mapping[str, Holder]
    store: ArchiveStore
    signer: ExportSigner
    clock: Callable[[], datetime]

    async def perform(self, claim: Claim) -> None:
        """Carry an export through, or raise what prevented it."""
        account = await self.records.start(claim)
        if account is not None:
            await self.records.finish(claim, await self._archive(claim, account), now=self.clock())

    async def give_up(self, claim: Claim) -> None:
        """Record that an export has failed; its owner sees that and can start another."""
        await self.records.finish(claim, None, now=self.clock())

    async def _archive(self, claim: Claim, account: str) -> Archive:
        name = f"dataExports/{claim.id}"
        signed = await self.signer.sign_export(account, name, _PERMIT_LIFE)
        permit = ExportPermit(account, name, signed.token)
        return await self.store.write(permit, claim.fence, zipped(self._pieces(permit), now=self.clock()))

    async def _pieces(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        yield ArchiveEntry("README.txt")
        yield _README.encode()
        for folder, holder in self.holders.items():
            async for piece in holder.export(permit):
                yield ArchiveEntry(f"{folder}/{piece.path}") if isinstance(piece, ArchiveEntry) else piece
