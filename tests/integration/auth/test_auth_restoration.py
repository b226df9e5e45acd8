"""Auth over a database that came back: it lets nobody in until what had ended since was buried there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager

import grpc
import pytest

from deploy.local.certificates import Certificates
from services.auth.service import accept_history
from services.common.rpc.errors import error_from_rpc
from tests.integration.auth.auth_server import Auth, free_addresses, replica
from tests.support.database_copies import become_another
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.stores import Database, Databases
from tests.support.suspension import SuspensionStandIn
from tests.support.vault.stand_in import VaultStandIn

Started = Callable[..., AbstractAsyncContextManager[Auth]]


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    with databases.fresh("auth") as made:
        yield made


@pytest.fixture
async def started(
    certificates: Certificates, database: Database
) -> AsyncIterator[tuple[Started, VaultStandIn]]:
    vault, processor = VaultStandIn(), SuspensionStandIn()
    (address,) = free_addresses(1)
    await vault.start(peer(certificates, "vault"), address)
    await processor.start(certificates)
    where = (certificates, database.url_file, database.conninfo, vault, address)
    yield lambda **more: replica(*where, processor=processor, **more), vault
    await processor.stop()
    await vault.stop()


async def _compared(vault: VaultStandIn) -> None:
    """Wait until auth has told the vault its history once more, and the answer has arrived."""
    before = vault.asked["CompareHistory"]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while vault.asked["CompareHistory"] < before + 2:
            await asyncio.sleep(0.05)


async def _reason(auth: Auth, token: str) -> str:
    try:
        answer = await auth.check(f"Bearer {token}")
    except grpc.aio.AioRpcError as error:
        return error_from_rpc(error).reason
    return "" if answer.HasField("ok_response") else "refused"


@pytest.mark.promise("S56")
async def test_nobody_comes_in_until_what_had_ended_was_buried(
    started: tuple[Started, VaultStandIn], database: Database, databases: Databases
) -> None:
    start, vault = started
    async with start() as auth:
        person, erased = auth.person(), auth.person()
        assert await _reason(auth, person.token) == ""
    become_another(databases, database)
    vault.account_keys.erase(erased.account)
    async with start(agrees=False) as auth:
        await _compared(vault)
        assert await _reason(auth, person.token) == "AUTH_NOT_READY"
        # An operator says that nothing was lost; `ops.aftermath` leaves the same mark when it has buried all.
        await accept_history(database.url)
        await auth.agrees()
        assert await _reason(auth, person.token) == ""
        # The ledger names who was erased, so that auth needs nobody to tell it.
        assert await _reason(auth, erased.token) == "refused"
        assert not auth.execute("SELECT 1 FROM account WHERE id = %s", erased.account)
        assert auth.execute("SELECT passes FROM erasure WHERE account = %s", erased.account) == [(0,)]
    become_another(databases, database)
    async with start(agrees=False) as auth:
        await _compared(vault)
        # The mark came back with the database, and is of another history.
        assert await _reason(auth, person.token) == "AUTH_NOT_READY"
        auth.execute("UPDATE restoration SET history = %s", await _history(auth))
        await _compared(vault)
        # Nor does it count a second time when it says that it is of this one.
        assert await _reason(auth, person.token) == "AUTH_NOT_READY"
        assert vault.histories["auth"] != await _history(auth)


async def _history(auth: Auth) -> str:
    ((history,),) = auth.execute(
        "SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid FROM pg_control_system() s,"
        " pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()"
    )
    return str(history)
