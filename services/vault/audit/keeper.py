"""What operators do with the audit log: verify it, export a month, drop a month."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from services.common.errors import DomainError, Kind, Unavailable
from services.common.logs import describe, log
from services.vault.audit.chain import Chain, Head, Record
from services.vault.audit.checkpoints import ship
from services.vault.audit.statement_files import StatementFiles
from services.vault.audit.statements import Archive, ArchivedChain, Checkpoint, StatementForged
from services.vault.audit.store.whole_log import AuditSource, after
from services.vault.audit.verification import Evidence, Finding, Verification

#: How long after its end a month can be archived, so that no slow clock or late commit still adds to it.
_REST = timedelta(days=1)
_LOOKUP = 500


class AuditMonthKept(DomainError):
    """The month cannot be archived yet: it is not over, or older months come first."""

    reason = "AUDIT_MONTH_KEPT"
    kind = Kind.PRECONDITION


class AuditDamaged(DomainError):
    """Records of the month are damaged or missing, so the month is kept."""

    reason = "AUDIT_DAMAGED"
    kind = Kind.DAMAGED


class AuditArchiveDiffers(DomainError):
    """The file does not contain exactly the month's records."""

    reason = "AUDIT_ARCHIVE_DIFFERS"
    kind = Kind.PRECONDITION
    message = "The file does not contain exactly the month's records; delete it and archive again"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """The file of an archived month, as the operator's command describes it."""

    month: str
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of a verification."""

    records: int
    archived_records: int
    checkpoints: int
    chains: int
    findings: int


#: Where a line comes from, its number there, and the line.
Lines = Iterable[tuple[str, int, bytes | str]]


@dataclass(frozen=True, slots=True)
class AuditKeeper:
    """Works on the log in the database at `url` and the statements on the vault's own volume."""

    url: str
    chain: Chain
    files: StatementFiles
    clock: Callable[[], datetime]

    async def verify(
        self, brought: AsyncIterator[Lines], files: Sequence[ArchiveFile]
    ) -> AsyncIterator[Finding | int | Summary]:
        """Check everything; yield findings, progress in records, and last a summary.

        `files` is read after `brought`, which may add to it. Raises AuditBusy, Unavailable.
        """
        evidence = Evidence()
        found = 0
        async with AuditSource.open(self.url) as source:
            early: list[tuple[Checkpoint, bytes | None]] = []
            async for lines in self._all_lines(brought):
                findings, checkpoints = await asyncio.to_thread(self._read, lines, evidence)
                for finding in findings:
                    found += 1
                    yield finding
                # A checkpoint that agrees with its record does not have to be checked again.
                stored = await source.macs(checkpoints)
                for each in checkpoints:
                    mac = stored.get((each.chain, each.seq))
                    if mac != each.mac and (mac is not None or len(early) < _LOOKUP):
                        early.append((each, mac))
            for finding in _differing(files, evidence):
                found += 1
                yield finding
            async with source.snapshot():
                heads = await source.heads()
                verification = Verification(self.chain, evidence, heads)
                verification.archives()
                told = 0
                async for progress in verification.run(source.records()):
                    for finding in verification.findings[told:]:
                        yield finding
                    told = len(verification.findings)
                    yield progress
                for each, mac in early:
                    verification.checkpoint(each, mac)
                for finding in verification.findings[told:]:
                    yield finding
        found += len(verification.findings)
        archived = sum(archive.records for archive in evidence.archives.values())
        chains = len({*heads, *evidence.reach})
        yield Summary(verification.records, archived, evidence.checkpoints, chains, found)

    async def export(self, month: str) -> AsyncIterator[tuple[bytes, int]]:
        """Yield lines of a month's records and their number; raise AuditMonthKept, AuditBusy, Unavailable."""
        async with AuditSource.open(self.url) as source:
            await self._check_over(source, month)
            async with source.snapshot():
                async for batch in source.records(month):
                    yield b"".join(_line(record) for record in batch), len(batch)

    async def drop(self, file: ArchiveFile) -> str:
        """Check a month and its file, sign both, drop the month; return the signed statement.

        Raises AuditMonthKept, AuditDamaged, AuditArchiveDiffers, AuditBusy, Unavailable.
        """
        async with AuditSource.open(self.url, alone=True) as source:
            archives = {archive.month: archive for archive in await self._archives()}
            known = archives.get(file.month)
            if known is None:
                await self._check_over(source, file.month)
                known = await self._archived(source, file, list(archives.values()))
            elif (known.records, known.sha256) != (file.records, file.sha256):
                raise AuditArchiveDiffers
            await source.drop(file.month)
        log.info("audit.month_dropped", month=file.month, records=file.records)
        return self.files.statements.line(known)

    async def _archived(self, source: AuditSource, file: ArchiveFile, before: Sequence[Archive]) -> Archive:
        starts = {each.chain: each.last for archive in before for each in archive.chains}
        digest = hashlib.sha256()
        first: dict[str, Head] = {}
        last: dict[str, Head] = {}
        count = 0
        async with source.snapshot():
            async for batch in source.records(file.month):
                for record in batch:
                    end = (
                        last.get(record.chain) or starts.get(record.chain) or self.chain.genesis(record.chain)
                    )
                    if record.seq != end.seq + 1 or not self.chain.follows(record, end.mac):
                        raise AuditDamaged(f"chain {record.chain}: record {end.seq + 1} is bad or missing")
                    first.setdefault(record.chain, end)
                    last[record.chain] = Head(record.chain, record.seq, record.mac)
                    digest.update(_line(record))
                count += len(batch)
            heads = await source.heads()
            for end in last.values():
                await self._check_end(source, end, heads)
        if (count, digest.hexdigest()) != (file.records, file.sha256):
            raise AuditArchiveDiffers
        now = self.clock()
        chains = tuple(ArchivedChain(name, first[name], last[name]) for name in sorted(last))
        archive = Archive(file.month, count, file.sha256, chains, now)
        for end in last.values():
            await self._cover(end, now)
        await self._append(archive)
        return archive

    async def _check_end(self, source: AuditSource, end: Head, heads: Mapping[str, Head]) -> None:
        following = await source.following(end)
        head = heads.get(end.chain)
        if following is not None:
            good = following.seq == end.seq + 1 and self.chain.follows(following, end.mac)
        else:
            good = head is not None and (head.seq, head.mac) == (end.seq, end.mac)
        if not good:
            raise AuditDamaged(f"chain {end.chain}: record {end.seq + 1} is bad or missing")

    async def _cover(self, end: Head, now: datetime) -> None:
        known = await asyncio.to_thread(self.files.last_checkpoint, end.chain)
        if known is None or known.seq < end.seq:
            await self._append(Checkpoint(end.chain, end.seq, end.mac, now))

    async def _append(self, statement: Checkpoint | Archive) -> None:
        try:
            ship(await asyncio.to_thread(self.files.append, statement))
        except OSError as error:
            log.error("audit.statement_failed", **describe(error))
            raise Unavailable from None

    async def _archives(self) -> list[Archive]:
        try:
            return await asyncio.to_thread(self.files.archives)
        except StatementForged as error:
            raise AuditDamaged(f"A line of archives.jsonl {error}") from None
        except OSError as error:
            log.error("audit.statement_failed", **describe(error))
            raise Unavailable from None

    async def _check_over(self, source: AuditSource, month: str) -> None:
        months = await source.months()
        if month not in months:
            raise AuditMonthKept(f"There are no records of {month}")
        if self.clock() < after(month) + _REST:
            raise AuditMonthKept(f"{month} can be archived from one day after its end")
        if month != months[0]:
            raise AuditMonthKept(f"Months are archived in order: archive {months[0]} first")

    async def _all_lines(self, brought: AsyncIterator[Lines]) -> AsyncIterator[Lines]:
        own = iter(self.files.lines())
        while batch := await asyncio.to_thread(_some, own):
            yield batch
        async for lines in brought:
            yield lines

    def _read(self, lines: Lines, evidence: Evidence) -> tuple[list[Finding], list[Checkpoint]]:
        findings, checkpoints = [], []
        for source, number, line in lines:
            try:
                said = self.files.statements.read(line)
            except StatementForged as error:
                chain, seq = _claimed(line)
                findings.append(Finding(chain, seq, f"{source} line {number} {error}"))
                continue
            if isinstance(said, Archive):
                known = evidence.archives.setdefault(said.month, said)
                if known.sha256 != said.sha256:
                    findings.append(Finding("", 0, f"{source} line {number}: {said.month} has two archives"))
            else:
                evidence.add(said)
                checkpoints.append(said)
        return findings, checkpoints


def _differing(files: Sequence[ArchiveFile], evidence: Evidence) -> list[Finding]:
    findings = []
    for file in files:
        known = evidence.archives.get(file.month)
        if known is None or (known.sha256, known.records) != (file.sha256, file.records):
            what = "is not the file that was archived" if known else "was never archived by this vault"
            chain = known.chains[0] if known and known.chains else None
            findings.append(
                Finding(
                    chain.chain if chain else "",
                    chain.before.seq + 1 if chain else 0,
                    f"the file of {file.month} {what}",
                )
            )
    return findings


def _some(lines: Iterable[tuple[str, int, bytes]]) -> list[tuple[str, int, bytes | str]]:
    batch: list[tuple[str, int, bytes | str]] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _LOOKUP:
            break
    return batch


def _claimed(line: bytes | str) -> tuple[str, int]:
    """Return the chain and number in a bad line, as far as they can be read."""
    try:
        says = orjson.loads(line)
        says = says.get("statement", says)
        return str(says.get("chain", "")), int(says.get("seq", 0))
    except (ValueError, TypeError, AttributeError):
        return "", 0


def _line(record: Record) -> bytes:
    says = {
        "chain": record.chain,
        "seq": record.seq,
        "time": record.time.astimezone(UTC).isoformat(),
        "account": record.account,
        "object": record.object,
        "action": record.action,
        "outcome": record.outcome,
        "body": record.body,
        "mac": record.mac.hex(),
    }
    return orjson.dumps(says) + b"\n"
