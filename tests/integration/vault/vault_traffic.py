"""Traffic on a vault while something happens to it: keys stored and released, data keys opened."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import grpc
import psycopg
from smelt.vault.v1 import data_keys_pb2

from services.common.rpc.errors import error_from_rpc
from services.vault.databases import Stores
from services.vault.keys.keyring import open_keyring
from services.vault.keys.store import KeyStore
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootKeyFile
from tests.integration.vault.vault_process import SECRET, Vault, new_account, worker
from tests.support.patience import PATIENCE_SECONDS

PER_SECOND = 50
# A machine that cannot keep the rate does less; more at once would be about overload.
MOST_AT_ONCE = 12
REMEMBERED = 500
CONTEXT = data_keys_pb2.DataKeyContext(
    purpose=data_keys_pb2.DataKeyContext.FILE, object="files/f1", generation=1
)


@dataclass(slots=True)
class Stored:
    """What one account has: a provider key with a grant, and a data key."""

    account: str
    api_key: str
    grant: str
    key: bytes
    wrapped: bytes


@dataclass(slots=True)
class Traffic:
    """What was done so far, and what went wrong."""

    stored: list[Stored] = field(default_factory=list)
    done: int = 0
    failures: list[str] = field(default_factory=list)

    async def more(self, count: int) -> None:
        """Wait until this number of further calls went well."""
        wanted = self.done + count
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.done < wanted:
                await asyncio.sleep(0.01)


def replica(vault: Vault, slot: str) -> Vault:
    """Return another replica of a vault on the same stores and files."""
    return replace(vault, slot=slot, address="", health="", process=None, _channels={})


async def store(vault: Vault, account: str = "") -> Stored:
    """Store a provider key and make a data key."""
    account = account or new_account()
    key = await vault.add_key(account)
    made = await vault.data_keys().CreateDataKey(
        data_keys_pb2.CreateDataKeyRequest(context=CONTEXT), metadata=await vault.passport(account)
    )
    signed = await vault.grant(account, key.name)
    return Stored(account, key.name, signed.token, made.key, made.wrapped_key)


async def opens(vault: Vault, stored: Stored) -> bool:
    """Tell whether an account's data key opens to what it was."""
    answer = await vault.data_keys().OpenDataKey(
        data_keys_pb2.OpenDataKeyRequest(context=CONTEXT, wrapped_key=stored.wrapped),
        metadata=await vault.passport(stored.account),
    )
    return bool(answer.key == stored.key)


@asynccontextmanager
async def traffic(vault: Vault, per_second: int = PER_SECOND) -> AsyncIterator[Traffic]:
    """Store and release so often each second for the length of the block; old accounts are used again."""
    seen = Traffic()
    rows = itertools.count(1)
    ended = asyncio.Event()
    room = asyncio.Semaphore(MOST_AT_ONCE)
    async with worker(vault) as stream:

        async def one(number: int) -> None:
            try:
                mine = await store(vault)
                seen.stored.append(mine)
                # An account of before as well: its key may have been wrapped anew since.
                known = seen.stored[-REMEMBERED:]
                for each in (mine, known[number * 7 % len(known)]):
                    # Of more than a thousand grants on one stream the vault remembers the last ones.
                    said = await stream.outcome(
                        each.grant, next(rows) % 100 + 1, claim=number + 1, again=True
                    )
                    if said != SECRET:
                        seen.failures.append(said)
                    if not await opens(vault, each):
                        seen.failures.append("opens to another key")
                seen.done += 1
            except grpc.aio.AioRpcError as error:
                seen.failures.append(error_from_rpc(error).reason)
            finally:
                room.release()

        async def run() -> None:
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for number in itertools.count():
                    if ended.is_set():
                        return
                    await room.acquire()
                    group.create_task(one(number))
                    # At the rate, however long each takes.
                    await asyncio.sleep(max(0.0, begun + (number + 1) / per_second - time.monotonic()))

        running = asyncio.ensure_future(run())
        try:
            yield seen
        finally:
            ended.set()
            await running


async def fill(vault: Vault, count: int) -> None:
    """Give a number of further accounts a key, so that a rotation takes its time."""
    stores = Stores.at(vault.database.url, vault.keystore.url)
    named = await KeyStore(stores.keystore).installation()
    await stores.close()
    assert named is not None
    ring = open_keyring(RootKeyFile(vault.files.root_key), WrappingFile(vault.files.wrapping_key), named)
    with (
        psycopg.connect(vault.keystore.conninfo, autocommit=True) as connection,
        connection.cursor().copy(
            "COPY account_keys (account, epoch, state, wrapped, uses, create_time) FROM STDIN"
        ) as rows,
    ):
        for number in range(count):
            account = f"filler{number:08d}"
            rows.write_row((account, 1, "active", ring.new_account_key(account, 1), 0, datetime.now(UTC)))
    ring.wipe()
