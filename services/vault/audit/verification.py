"""Checking the audit log: every record follows the one before, and every chain ends where it should.

Records are read once, in the order of chain and number; only one head per chain is kept in memory.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.vault.audit.chain import Chain, Head, Record
from services.vault.audit.statements import Archive, Checkpoint

PROGRESS = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A chain that is not as it was written; `seq` is its first bad or missing record."""

    chain: str
    seq: int
    what: str


@dataclass(slots=True)
class Evidence:
    """Evidence from outside the database: archived months, and the furthest checkpoint of each chain."""

    archives: dict[str, Archive] = field(default_factory=dict)
    reach: dict[str, Checkpoint] = field(default_factory=dict)
    checkpoints: int = 0

    def add(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint; the furthest one of each chain is kept."""
        self.checkpoints += 1
        known = self.reach.get(checkpoint.chain)
        if known is None or known.seq < checkpoint.seq:
            self.reach[checkpoint.chain] = checkpoint

    def archived(self) -> Sequence[Archive]:
        """Return the archived months, oldest first."""
        return [self.archives[month] for month in sorted(self.archives)]


class Verification:
    """One pass over all records. `findings` grows; a chain's first bad record ends the search in it."""

    def __init__(self, chain: Chain, evidence: Evidence, heads: Mapping[str, Head]) -> None:
        self._chain = chain
        self._evidence = evidence
        self._heads = heads
        self._bad: set[str] = set()
        self._ends: dict[str, Head] = {}
        # Where a chain may begin: at its genesis, or where an archived month begins or ends.
        self._starts: dict[str, dict[int, Head]] = {}
        self.findings: list[Finding] = []
        self.records = 0

    def archives(self) -> None:
        """Check that archived months follow each other in every chain."""
        for archive in self._evidence.archived():
            for each in archive.chains:
                starts = self._starts_of(each.chain)
                end = max(starts)
                if each.before.seq != end or each.before.mac != starts[end].mac:
                    self._find(
                        each.chain,
                        end + 1,
                        f"the archive of {archive.month} does not join the records before it",
                    )
                starts[each.last.seq] = each.last

    def checkpoint(self, checkpoint: Checkpoint, stored: bytes | None) -> None:
        """Check a checkpoint against the MAC of the database's record with its number, if there is one."""
        if stored is None:
            stored = self._starts_of(checkpoint.chain).get(checkpoint.seq, Head("", 0, checkpoint.mac)).mac
        if stored != checkpoint.mac and checkpoint.chain not in self._bad:
            self._find(checkpoint.chain, checkpoint.seq, "forked: a checkpoint says otherwise")

    async def run(self, records: AsyncIterator[Sequence[Record]]) -> AsyncIterator[int]:
        """Check records in order; yield from time to time how many were checked."""
        told = 0
        async for batch in records:
            for record in batch:
                self._record(record)
            if self.records - told >= PROGRESS:
                told = self.records
                yield told
        for name in sorted({*self._heads, *self._evidence.reach, *self._starts, *self._ends}):
            if name not in self._bad:
                self._end(name)

    def _record(self, record: Record) -> None:
        self.records += 1
        name = record.chain
        if name in self._bad:
            return
        end = self._ends.get(name)
        if end is None:
            starts = self._starts_of(name)
            end = starts.get(record.seq - 1, starts[max(starts)])
        if record.seq <= end.seq:
            self._find(name, record.seq, "forked: another record has its number")
        elif record.seq > end.seq + 1:
            self._find(name, end.seq + 1, f"missing: the next one is {record.seq}")
        elif not self._chain.follows(record, end.mac):
            self._find(name, record.seq, "altered, moved, or not written by the vault")
        self._ends[name] = Head(name, record.seq, record.mac)

    def _end(self, name: str) -> None:
        starts = self._starts_of(name)
        end = self._ends.get(name, starts[max(starts)])
        head = self._heads.get(name)
        reach = self._evidence.reach.get(name)
        if reach is not None and reach.seq > end.seq:
            self._find(name, end.seq + 1, f"cut off: a checkpoint knows record {reach.seq}")
        elif head is None:
            self._find(name, end.seq + 1, "cut off: the chain has no end in audit_heads")
        elif head.seq > end.seq:
            self._find(name, end.seq + 1, f"cut off: the chain ends with record {head.seq}")
        elif head.seq < end.seq or head.mac != end.mac:
            self._find(name, min(head.seq, end.seq) + 1, "forked: the chain's end was moved")

    def _starts_of(self, name: str) -> dict[int, Head]:
        return self._starts.setdefault(name, {0: self._chain.genesis(name)})

    def _find(self, name: str, seq: int, what: str) -> None:
        self._bad.add(name)
        self.findings.append(Finding(name, seq, what))
