"""How the keys that a batch of releases needs stand in the key store at this moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.vault.api_keys.place import KeyPlace
from services.vault.bounded_connection import BoundedConnection
from services.vault.keys.account_keys import AccountKeyRow

_STANDING = """
SELECT w.account, w.object, o.generation, o.deleted, k.epoch, k.wrapped, k.state
FROM unnest(%s::text[], %s::text[]) AS w(account, object)
LEFT JOIN objects o ON o.account = w.account AND o.object = w.object
LEFT JOIN account_keys k ON k.account = w.account
"""


@dataclass(slots=True)
class Standing:
    """How a key stands: its newest generation, whether it is deleted, and the account's keys by epoch."""

    generation: int
    deleted: bool
    account_keys: dict[int, AccountKeyRow] = field(default_factory=dict)


class KeyStandings:
    """Reads the key store over a connection of its own; nothing is kept from one batch to the next.

    So when any replica deletes a key or erases an account, the next batch refuses it.
    """

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._database: BoundedConnection | None = None

    async def of(self, places: Collection[KeyPlace]) -> Mapping[KeyPlace, Standing]:
        """Return how each key stands, without keys that never existed; raise one of FAILURES."""
        if self._database is None:
            self._database = await BoundedConnection.open(self._url, seconds=self._seconds)
        try:
            rows = await self._database.exchange(self._read(self._database, places), seconds=self._seconds)
        except BaseException:
            await self.close()
            raise
        standings: dict[KeyPlace, Standing] = {}
        for account, name, generation, deleted, epoch, wrapped, state in rows:
            if generation is None:
                continue
            standing = standings.setdefault(KeyPlace.named(account, name), Standing(generation, deleted))
            if epoch is not None:
                standing.account_keys[epoch] = AccountKeyRow(account, epoch, wrapped, state, 0)
        return standings

    async def check(self) -> None:
        """Raise one of FAILURES when the key store does not answer in time."""
        await self.of(())

    async def close(self) -> None:
        """Close the connection; the next query opens another."""
        database, self._database = self._database, None
        if database is not None:
            await database.close()

    async def _read(self, database: BoundedConnection, places: Collection[KeyPlace]) -> list[tuple[Any, ...]]:
        wanted = ([place.account for place in places], [place.name for place in places])
        cursor = await database.raw.execute(_STANDING, wanted)
        return await cursor.fetchall()
