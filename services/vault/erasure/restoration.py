"""Noticing that a database was restored, and erasing again what was erased before.

Three things show a restore: a database's mark is behind what the ledger knows it to have followed; its
server, timeline or database is not the one in the ledger; or the key store is marked as restored from a
backup. Then the vault serves nobody until every tombstone was replayed. Entries that a crash left unfinished
are finished silently.

A restored database has forgotten which grants were used and ended since. So the replay notes the time, and
grants that were signed before are refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.logs import describe, log
from services.vault.audit.actions import Action
from services.vault.audit.chain import Audit, Event
from services.vault.erasure.erasures import Erasures, Keys, Rows
from services.vault.erasure.gate import Gate
from services.vault.erasure.ledger import Entry, EntryKind, LedgerDamaged, Mark, Tombstone
from services.vault.erasure.ledger_file import Reader
from services.vault.erasure.ratchet import Ratchet

_LOOK_SECONDS = 5.0
_CLOSED_LOOK_SECONDS = 1.0
_MOST_TRIES = 60
_PAUSE_SECONDS = 1.0
#: Tokens are dated in seconds.
_SECOND = 1.0
COMPARING = "the databases are being compared with the erasure ledger"
#: The vault's own database, as the ledger's histories name it.
DATABASE = "database"


@dataclass(frozen=True, slots=True)
class StoreState:
    """How far a database has followed the ledger, and its history (server, timeline, database)."""

    name: str
    mark: Mark
    history: str
    restored: bool = False
    #: Of the vault's database: grants that were signed before are refused.
    grants_not_before: datetime | None = None


class KeyState(Keys, Protocol):
    """What restoration needs of the key store."""

    async def state(self) -> StoreState: ...

    async def replayed(self) -> None: ...


class RowState(Rows, Protocol):
    """What restoration needs of the vault's database."""

    async def state(self) -> StoreState: ...

    async def end_grants(self) -> None:
        """Refuse from now on all grants that were signed until now."""
        ...


@dataclass(slots=True)
class Scan:
    """What a verified reading of the whole ledger found."""

    reader: Reader
    #: MACs of the entries whose numbers were asked for.
    macs: dict[int, bytes]
    noted: int = 0
    history: str = ""

    def add(self, entry: Entry) -> None:
        if entry.seq in self.macs:
            self.macs[entry.seq] = entry.mark.mac
        self.noted = max(self.noted, entry.noted)
        if entry.tombstone.kind is EntryKind.HISTORY:
            self.history = entry.tombstone.object


@dataclass(slots=True)
class Replayed:
    """How many tombstones were replayed, and how many accounts had a key until then."""

    accounts: int = 0
    api_keys: int = 0
    destroyed: int = 0

    def add(self, entries: Sequence[Entry], destroyed: int) -> None:
        kinds = [entry.tombstone.kind for entry in entries]
        self.accounts += kinds.count(EntryKind.ACCOUNT)
        self.api_keys += kinds.count(EntryKind.API_KEY)
        self.destroyed += destroyed


class Restoration:
    """Keeps the gate closed while a database is older than the ledger, and opens it after a replay."""

    def __init__(
        self,
        *,
        erasures: Erasures,
        keys: KeyState,
        rows: RowState,
        ratchet: Ratchet,
        audit: Audit,
        gate: Gate,
    ) -> None:
        self._erasures = erasures
        self._keys = keys
        self._rows = rows
        self._ratchet = ratchet
        self._audit = audit
        self._gate = gate
        self._seen: list[StoreState] = []
        self._end = erasures.ledger.reader()
        self._noted = 0
        self._turn = asyncio.Lock()

    def grants_not_before(self) -> float:
        """Return the second since 1970 before which no grant was signed that counts."""
        moments = [state.grants_not_before.timestamp() for state in self._seen if state.grants_not_before]
        return max(moments, default=0.0)

    async def run(self) -> None:
        """Compare at once and from time to time, until cancelled."""
        while True:
            try:
                async with self._turn:
                    await self._look()
            except DomainError as error:
                log.warning("restoration.not_compared", reason=error.reason, **describe(error))
            await asyncio.sleep(_CLOSED_LOOK_SECONDS if self._gate.closed else _LOOK_SECONDS)

    async def replay(self) -> Replayed:
        """Carry out every tombstone again, replace the wrapping key, and begin a new history.

        Raises LedgerDamaged before anything is changed; LedgerUnavailable, AuditUnavailable, Unavailable. A
        repeated call is harmless and finishes what an earlier one left.
        """
        async with self._turn:
            states = await self._states()
            scan = await self._scanned(states)
            if _database_restored(states, noted=scan.noted, history=scan.history):
                await self._rows.end_grants()
                # Nothing is signed before the gate opens, and then this second is over.
                await asyncio.sleep(_SECOND)
                if scan.history == _histories(states):
                    # Its rows are from the past, but not its name. The entry tells other services of it,
                    # and comes first: once the rows have followed the ledger, nothing shows it.
                    await self._begin_history(states)
            replayed = Replayed()
            reader = self._erasures.ledger.reader()
            while entries := await self._erasures.ledger.follow(reader):
                replayed.add(entries, await self._erasures.carry_out(entries))
            # Another replica may be rotating at this moment.
            await _patiently(self._ratchet.settle)
            done = {"entries": reader.mark.seq, "destroyed": replayed.destroyed}
            # The writer notices only by a failed batch that the head of its chain was restored to an older
            # one.
            await _patiently(lambda: self._audit.record(Event("", "", Action.REPLAY_ERASURES, "ok", done)))
            states = await self._states()
            if scan.history != _histories(states):
                await self._begin_history(states)
            await self._keys.replayed()
            await self._compare()
        log.info("restoration.replayed", entries=reader.mark.seq, destroyed=replayed.destroyed)
        return replayed

    async def _look(self) -> None:
        # The ledger is read first, so that what it knows about the databases is not newer than what they say.
        holds = await self._holds()
        states = await self._states()
        if self._gate.closed or not holds or not self._follows(states):
            await self._compare()
            return
        if min(state.mark.seq for state in states) < self._end.mark.seq and states == self._seen:
            # No mark has moved since the last look, so the process that began this work is gone.
            await self._finish(states)
            log.info("restoration.finished", entries=self._end.mark.seq)
        self._seen = states

    async def _holds(self) -> bool:
        """Tell whether the entries added to the ledger since the last look are intact."""
        try:
            while entries := await self._erasures.ledger.follow(self._end):
                self._noted = max(self._noted, *(entry.noted for entry in entries))
        except LedgerDamaged:
            return False
        return True

    def _follows(self, states: Sequence[StoreState]) -> bool:
        return bool(self._seen) and all(
            now.mark.seq >= max(before.mark.seq, self._noted)
            and (now.history, now.restored) == (before.history, before.restored)
            for now, before in zip(states, self._seen, strict=True)
        )

    async def _compare(self) -> None:
        """Open the gate, or shut it and say why."""
        states = self._seen
        try:
            # What the ledger knows about the databases must not be newer than what they say.
            noted = (await self._scanned(())).noted
            states = await self._states()
            scan = await self._scanned(states)
            why = _restored(states, noted=noted, history=scan.history)
            if not why:
                if not scan.history:
                    await self._begin_history(states)
                await self._finish(states)
        except LedgerDamaged as error:
            why = error.message
        else:
            self._end, self._noted = scan.reader, scan.noted
        self._seen = states
        if why and why != self._gate.why:
            log.error("vault.not_ready", why=why, hint="docs/operating-the-vault.md, Restore")
        elif not why and self._gate.closed:
            log.info("vault.histories_agree", entries=self._end.mark.seq)
        self._gate.why = why

    async def _states(self) -> list[StoreState]:
        return [await self._keys.state(), await self._rows.state()]

    async def _scanned(self, states: Sequence[StoreState]) -> Scan:
        """Read the whole ledger; raise LedgerDamaged, also if it is not the one that a database followed."""
        scan = Scan(self._erasures.ledger.reader(), {state.mark.seq: b"" for state in states})
        while entries := await self._erasures.ledger.follow(scan.reader):
            for entry in entries:
                scan.add(entry)
        for state in states:
            if state.mark.seq > scan.reader.mark.seq:
                raise LedgerDamaged(
                    f"Entry {scan.reader.mark.seq + 1} of the erasure ledger is missing: the ledger ends "
                    f"before it, but the {state.name} knows {state.mark.seq} entries"
                )
            if state.mark.mac != scan.macs[state.mark.seq]:
                raise LedgerDamaged(
                    f"Entry {state.mark.seq} of the erasure ledger is not the one that the {state.name} knows"
                )
        return scan

    async def _begin_history(self, states: Sequence[StoreState]) -> None:
        entry = await self._erasures.ledger.append(
            Tombstone(EntryKind.HISTORY, "", _histories(states)), noted=await self._erasures.noted()
        )
        await self._erasures.carry_out([entry])

    async def _finish(self, states: Sequence[StoreState]) -> None:
        done = min(state.mark.seq for state in states)
        reader = self._erasures.ledger.reader()
        while entries := await self._erasures.ledger.follow(reader):
            if left := [entry for entry in entries if entry.seq > done]:
                await self._erasures.carry_out(left)


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work, and try again while it is temporarily unavailable; raise what the last try raised."""
    for _ in range(_MOST_TRIES - 1):
        try:
            return await work()
        except DomainError as error:
            if error.kind is not Kind.UNAVAILABLE:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)
    return await work()


def _database_restored(states: Sequence[StoreState], *, noted: int, history: str) -> bool:
    """Whether the vault's own database is from the past, or may be; the key store alone has no grants."""
    return any(
        state.mark.seq < noted or (history and f"{state.name} {state.history}" not in history.split(", "))
        for state in states
        if state.name == DATABASE
    )


def _histories(states: Sequence[StoreState]) -> str:
    return ", ".join(f"{state.name} {state.history}" for state in states)


def _restored(states: Sequence[StoreState], *, noted: int, history: str) -> str:
    """Return which database was restored and what shows it; empty if none was."""
    for state in states:
        if state.restored:
            return f"the {state.name} was restored from a backup: replay the erasures"
        if state.mark.seq < noted:
            return (
                f"the {state.name} was restored: it knows {state.mark.seq} of {noted} entries of the "
                "erasure ledger: replay the erasures"
            )
    if history and history != _histories(states):
        return (
            f"a database was restored or moved: the erasure ledger knows {history}, "
            f"now it is {_histories(states)}: replay the erasures"
        )
    return ""
