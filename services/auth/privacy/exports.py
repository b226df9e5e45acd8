"""Exports: everything that is held of a person, put together as one archive that they can take along."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from services.auth.privacy.archive import zipped
from services.auth.privacy.saga import Claim
from services.auth.sessions.sessions import SignedToken
from services.common.errors import DomainError, Kind
from services.common.identity import ExportPermit
from services.common.paging import Position
from services.common.privacy import ArchiveEntry, ArchivePiece

#: How long an archive can be downloaded; files keeps it as long.
KEPT = timedelta(hours=24)
#: So many may be begun in a day.
MOST_A_DAY = 10
#: How long an export stays in the list.
LISTED = timedelta(days=30)
_PERMIT_LIFE = timedelta(hours=24)
_MOST_TRIES = 8
_README = """\
Everything that Smelt holds of your account, one folder for each of its services.

account/    who you are, sessions, access tokens
files/      your files as you uploaded them, and result files
processor/  templates, variables, jobs, and what became of each row
vault/      facts of your API keys and the log of their uses; keys themselves are never handed out

Times are UTC. Lists are JSON, tables CSV. Passwords, API keys, tokens and encryption keys are not in here.
"""


class DataExportNotFound(DomainError):
    """The account has no such export."""

    reason = "DATA_EXPORT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Data export not found"


class DataExportLimit(DomainError):
    """The account has begun as many exports in a day as it may."""

    reason = "DATA_EXPORT_LIMIT"
    kind = Kind.EXHAUSTED
    message = f"At most {MOST_A_DAY} data exports a day can be begun"

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=3600)


class State(Enum):
    """How far an export is, as it is stored."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Archive:
    """Facts of a stored archive."""

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
        """Until when the archive can be downloaded."""
        return self.end_time + KEPT if self.end_time is not None and self.archive is not None else None


class ExportRecords(Protocol):
    """Where exports are recorded."""

    async def begin(self, export: DataExport, *, most: int, since: datetime) -> DataExport | None:
        """Record a new export, or return the one under way; None when `most` were begun since then."""
        ...

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[DataExport]: ...

    async def get(self, account: str, id_: str) -> DataExport | None: ...

    async def start(self, claim: Claim) -> str | None:
        """Note that an export is being worked on; return whose it is, None when it is gone."""
        ...

    async def finish(self, claim: Claim, archive: Archive | None, *, now: datetime) -> None:
        """Note its archive, or that it has failed, unless somebody else has the claim."""
        ...


class Holder(Protocol):
    """A service that holds something of people."""

    def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]: ...


class ArchiveStore(Protocol):
    """Where archives are stored, whole or not at all."""

    async def write(self, permit: ExportPermit, fence: int, pieces: AsyncIterator[bytes]) -> Archive: ...


class ExportSigner(Protocol):
    """Makes export tokens."""

    async def sign_export(self, account: str, export: str, life: timedelta) -> SignedToken: ...


class DataExports:
    """Begins exports and tells how far they are."""

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
        """Begin an export, or return the one that is under way; raise DataExportLimit."""
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
    """Puts archives together; after a crash one is begun anew, and replaces what was stored."""

    records: ExportRecords
    #: By the folder that each one's entries are in.
    holders: Mapping[str, Holder]
    store: ArchiveStore
    signer: ExportSigner
    clock: Callable[[], datetime]

    async def perform(self, claim: Claim) -> None:
        """Carry an export through, or raise what stood in its way; after the last try it has failed."""
        account = await self.records.start(claim)
        if account is None:
            return
        # What has failed so often will fail again; its owner is told, and may begin another.
        archive = None if claim.tries > _MOST_TRIES else await self._archive(claim, account)
        await self.records.finish(claim, archive, now=self.clock())

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
