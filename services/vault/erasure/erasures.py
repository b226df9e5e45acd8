"""Erasing accounts and API keys for good: the steps and their order. Every step can be repeated.

The tombstone is durable before anything is destroyed, and each step recognises what an earlier try has done.
So a crash at any line leaves either nothing, or a tombstone whose steps the next call or the next start
finishes.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import InvalidRequest, Unavailable
from services.common.logs import log
from services.vault.api_keys.place import OPERATOR_ACCOUNT
from services.vault.audit.actions import Action
from services.vault.audit.chain import Audit, Event
from services.vault.erasure.ledger import Entry, EntryKind, Mark, Tombstone
from services.vault.erasure.ledger_file import LedgerFile, Reader
from services.vault.threads import run_to_end

#: How many entries are carried out in one transaction of each database. A much larger number would hold
#: row locks for longer than a release may wait; many fewer would make a replay slow.
BATCH = 500

#: An account and the name of one of its objects.
Object = tuple[str, str]


class Keys(Protocol):
    """What erasure needs of the key store."""

    async def destroyed_time(self, account: str) -> datetime | None: ...

    async def destroy(self, accounts: Collection[str]) -> int:
        """Destroy all keys of the accounts, give each account a destroyed one, and mark its objects deleted.

        Returns how many accounts had a key until now.
        """
        ...

    async def mark_deleted(self, objects: Collection[Object]) -> None:
        """Mark the objects deleted, even those that the key store has never known."""
        ...

    async def mark(self) -> Mark: ...

    async def advance(self, before: int, to: Mark) -> None:
        """Move the mark to `to` if it stands at entry `before` or later; never back."""
        ...


class Rows(Protocol):
    """What erasure needs of the vault's database."""

    async def end_accounts(self, accounts: Collection[str]) -> None:
        """Delete the API keys of the accounts and revoke their grants, including grants not yet seen."""
        ...

    async def delete_keys(self, objects: Collection[Object]) -> None: ...

    async def mark(self) -> Mark: ...

    async def advance(self, before: int, to: Mark) -> None: ...


class Ledger:
    """The ledger as this replica uses it: file access in threads, one append at a time."""

    def __init__(self, file: LedgerFile, now: Callable[[], datetime]) -> None:
        self._file = file
        self._now = now
        self._end = file.reader()
        self._turn = asyncio.Lock()

    def reader(self) -> Reader:
        """Return a reader before the first entry."""
        return self._file.reader()

    async def follow(self, reader: Reader, *, most: int = BATCH) -> list[Entry]:
        """Return entries after the reader, which moves along; raise LedgerDamaged, LedgerUnavailable."""
        return await run_to_end(lambda: self._file.follow(reader, most=most))

    async def append(self, tombstone: Tombstone, *, noted: int) -> Entry:
        """Return the entry once it is durable; raise LedgerDamaged, LedgerUnavailable."""
        async with self._turn:
            # If a caller gives up, its append must still end before the next one begins.
            entry = await run_to_end(
                lambda: self._file.append(self._end, tombstone, now=self._now(), noted=noted)
            )
        # For log shipping: a lost ledger can be rebuilt from these lines.
        log.info("erasure.recorded", line=entry.line().decode())
        return entry


@dataclass(frozen=True, slots=True)
class Erasures:
    """Erases accounts and API keys."""

    ledger: Ledger
    keys: Keys
    rows: Rows
    audit: Audit

    async def destroy_account(self, account: str, *, caller: str) -> datetime:
        """Erase an account; return when its key was destroyed.

        Raises InvalidRequest, LedgerUnavailable, LedgerDamaged, AuditUnavailable, Unavailable.
        """
        if account == OPERATOR_ACCOUNT:
            raise InvalidRequest(violations=[("account", "is not a person's account")])
        if await self.keys.destroyed_time(account) is None:
            entry = await self._write_tombstone(Tombstone(EntryKind.ACCOUNT, account))
            await self.carry_out([entry])
        else:
            # The tombstone exists, because it is written before the first key is destroyed.
            await self.keys.destroy([account])
            await self.rows.end_accounts([account])
        await self.audit.record(Event(account, "", Action.ERASE_ACCOUNT, "ok", {"caller": caller}))
        if (since := await self.keys.destroyed_time(account)) is None:
            raise Unavailable
        return since

    async def delete_api_key(self, account: str, name: str) -> None:
        """Delete an API key for good; raise LedgerUnavailable, LedgerDamaged, Unavailable."""
        await self.carry_out([await self._write_tombstone(Tombstone(EntryKind.API_KEY, account, name))])

    async def carry_out(self, entries: Sequence[Entry]) -> int:
        """Carry out consecutive entries; return how many accounts had a key until now.

        A database's mark moves only if it is right before the entries or among them, so that entries which
        another call has not finished are not skipped.
        """
        accounts = [each.tombstone.account for each in entries if each.tombstone.kind is EntryKind.ACCOUNT]
        objects = [
            (each.tombstone.account, each.tombstone.object)
            for each in entries
            if each.tombstone.kind is EntryKind.API_KEY
        ]
        destroyed = 0
        if accounts:
            destroyed = await self.keys.destroy(accounts)
            await self.rows.end_accounts(accounts)
        if objects:
            await self.keys.mark_deleted(objects)
            await self.rows.delete_keys(objects)
        if entries:
            before, to = entries[0].seq - 1, entries[-1].mark
            await self.keys.advance(before, to)
            await self.rows.advance(before, to)
        return destroyed

    async def noted(self) -> int:
        """Return how far both databases have followed the ledger."""
        return min((await self.keys.mark()).seq, (await self.rows.mark()).seq)

    async def _write_tombstone(self, tombstone: Tombstone) -> Entry:
        return await self.ledger.append(tombstone, noted=await self.noted())
