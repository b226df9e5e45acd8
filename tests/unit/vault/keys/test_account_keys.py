"""Which account key seals, while it is rotated or used up."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from services.vault.keys.account_keys import MOST_USES, AccountKeyExhausted, AccountKeyRow, AccountKeys
from services.vault.keys.keyring import Keyring


@dataclass(slots=True)
class Rows:
    """An account whose key is retired just while a use of it waits for its row."""

    keyring: Keyring
    rows: list[AccountKeyRow]
    retire: bool = False

    async def account_keys(self, account: str) -> Sequence[AccountKeyRow]:
        return self.rows

    async def use_account_key(self, account: str, uses: int) -> AccountKeyRow | None:
        if self.retire:
            self.retire = False
            self.rows = [
                AccountKeyRow(account, 2, self.keyring.new_account_key(account, 2), "active", 0),
                replace(self.rows[0], state="retired"),
            ]
            return None
        active = next(row for row in self.rows if row.state == "active")
        return active if active.uses <= MOST_USES - uses else None

    async def add_account_key(self, account: str, wrapped: bytes) -> bool:
        raise AssertionError("the account has a key")


async def nothing() -> None:
    """The keyring is up to date."""


def rows(uses: int = 0, *, retire: bool = False) -> Rows:
    ring = Keyring("installation1", 1, {1: bytearray(os.urandom(32))})
    row = AccountKeyRow("account1", 1, ring.new_account_key("account1", 1), "active", uses)
    return Rows(ring, [row], retire)


@pytest.mark.promise("S07")
async def test_a_key_that_is_retired_while_it_is_asked_for_gives_way_to_the_next() -> None:
    held = rows(retire=True)
    key = await AccountKeys(held.keyring, held, nothing).for_sealing("account1")
    assert key.epoch == 2


@pytest.mark.promise("S06")
async def test_a_key_that_is_used_up_seals_nothing() -> None:
    held = rows(uses=MOST_USES)
    with pytest.raises(AccountKeyExhausted):
        await AccountKeys(held.keyring, held, nothing).for_sealing("account1")
