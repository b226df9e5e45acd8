"""Rotation of a real vault's keys: under load, killed, by two replicas, and when a key is nearly used up."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from smelt.vault.v1 import operator_pb2

from services.vault.keys.wrapping_file import WrappingFile
from tests.integration.vault.vault_process import SECRET, Vault, reason_of, worker
from tests.integration.vault.vault_traffic import Stored, fill, opens, replica, store, traffic
from tests.support.patience import PATIENCE_SECONDS


@pytest.fixture
async def second(fragile: Vault) -> AsyncIterator[Vault]:
    other = replica(fragile, "1")
    await other.start()
    yield other
    await other.close()


async def status(vault: Vault) -> operator_pb2.GetVaultStatusResponse:
    answer: operator_pb2.GetVaultStatusResponse = await vault.operator().GetVaultStatus(
        operator_pb2.GetVaultStatusRequest(), wait_for_ready=True, timeout=PATIENCE_SECONDS
    )
    return answer


async def rotate(vault: Vault, from_version: int) -> None:
    """Ask until the version is destroyed, also of a vault that is killed and started meanwhile."""
    request = operator_pb2.RotateWrappingKeyRequest(from_version=from_version)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if (
                    await vault.operator().RotateWrappingKey(
                        request, wait_for_ready=True, timeout=PATIENCE_SECONDS
                    )
                ).done:
                    return
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE, error.details()
            await asyncio.sleep(0.05)


async def rotated(vault: Vault, change: Callable[[operator_pb2.GetVaultStatusResponse], bool]) -> Any:
    """Return the status as soon as it is as wanted."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not change(seen := await status(vault)):
            await asyncio.sleep(0.05)
        return seen


def versions(vault: Vault) -> list[int]:
    return [slot.version for slot in WrappingFile(vault.files.wrapping_key).slots() if slot is not None]


async def all_readable(vault: Vault, stored: list[Stored]) -> None:
    """Release every account's key and open its data key."""
    async with worker(vault) as stream:
        for each in stored:
            assert await stream.outcome(each.grant, 1, claim=random.randrange(10**6, 10**12)) == SECRET
            assert await opens(vault, each)


@pytest.mark.promise("S07")
async def test_the_operators_commands_rotate_without_a_failed_request(fragile: Vault) -> None:
    before = [await store(fragile) for _ in range(5)]
    began = await status(fragile)
    (old_slot, _) = WrappingFile(fragile.files.wrapping_key).slots()
    async with traffic(fragile) as seen:
        for command in ("root", "wrapping"):
            await seen.more(20)
            code, said = await asyncio.to_thread(fragile.run, "rotate", command, identity="operator")
            assert code == 0, said
            assert "is destroyed" in said
        await seen.more(20)
    assert seen.failures == []
    now = await status(fragile)
    assert (now.wrapping_key_version, now.wrapping_key_minimum_version) == (2, 2)
    assert now.root_key_id != began.root_key_id
    assert versions(fragile) == [2]
    assert old_slot is not None
    assert old_slot.wrapped not in fragile.files.wrapping_key.read_bytes()
    await all_readable(fragile, before + seen.stored[::10])
    await fragile.kill()
    await fragile.start()
    await all_readable(fragile, before)
    code, said = fragile.run("rotate", "wrapping", identity="gateway")
    assert (code, said.split(":")[0]) == (1, "CALLER_NOT_ALLOWED")


@pytest.mark.long
@pytest.mark.promise("S07")
async def test_the_old_version_is_refused_when_the_rotation_has_ended(fragile: Vault, second: Vault) -> None:
    mine = await store(fragile)
    select = "SELECT wrapped FROM account_keys WHERE account = %s"
    ((old,),) = fragile.query(select, mine.account, keystore=True)
    await rotate(fragile, 1)
    # Each replica, also the one that did not rotate, as soon as it has looked.
    await rotated(second, lambda seen: bool(seen.wrapping_key_minimum_version == 2))
    put_back = "UPDATE account_keys SET wrapped = %s WHERE account = %s"
    fragile.query(put_back, old, mine.account, keystore=True)
    for vault in (fragile, second):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await reason_of(opens(vault, mine)) != "DATA_KEY_INVALID":
                await asyncio.sleep(0.1)
        async with worker(vault) as stream:
            assert await stream.outcome(mine.grant, 1, claim=9 + int(vault.slot)) == "API_KEY_DAMAGED"


@pytest.mark.long
@pytest.mark.promise("S07")
async def test_killed_again_and_again_while_it_rotates_nothing_is_lost_and_the_other_goes_on(
    fragile: Vault, second: Vault
) -> None:
    await killed_while_rotating(fragile, second, kills=2, rows=2_000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.promise("S07")
@pytest.mark.parametrize("part", range(4))
async def test_killed_a_hundred_times_while_it_rotates_nothing_is_lost(
    fragile: Vault, second: Vault, part: int
) -> None:
    # In four parts, since a stream of releases has its longest life too.
    await killed_while_rotating(fragile, second, kills=25, rows=5_000)


async def killed_while_rotating(rotating: Vault, serving: Vault, *, kills: int, rows: int) -> None:
    """Kill the replica that rotates; all the while the other one answers each request."""
    await fill(rotating, rows)
    async with traffic(serving) as seen:
        for number in range(kills):
            version = (await status(serving)).wrapping_key_version
            asked = asyncio.ensure_future(rotate(rotating, version))
            await asyncio.sleep(random.uniform(0, 0.6))
            await rotating.kill()
            if number % 2:
                # Nobody comes back: the replica that is left finishes what was begun.
                await rotated(
                    serving, lambda now: now.wrapping_key_minimum_version == now.wrapping_key_version
                )
            await rotating.start()
            await asked
            await seen.more(10)
    assert seen.failures == []
    await all_readable(serving, seen.stored[::20])
    await all_readable(rotating, seen.stored[::50])
    now = await status(serving)
    assert versions(serving) == [now.wrapping_key_version]
    left = "SELECT count(*) FROM account_keys WHERE substring(wrapped FROM 6 FOR 4) <> int4send(%s)"
    assert serving.query(left, now.wrapping_key_version, keystore=True) == [(0,)]


@pytest.mark.long
async def test_two_replicas_that_are_told_to_rotate_at_once_do_it_once(fragile: Vault, second: Vault) -> None:
    stored = [await store(fragile) for _ in range(3)]
    await asyncio.gather(rotate(fragile, 1), rotate(second, 1))
    now = await status(second)
    assert (now.wrapping_key_version, now.wrapping_key_minimum_version) == (2, 2)
    assert versions(fragile) == [2]
    for vault in (fragile, second):
        await all_readable(vault, stored)


@pytest.mark.long
@pytest.mark.promise("S06")
async def test_a_wrapping_key_rotates_by_itself_at_half_its_life(fragile: Vault) -> None:
    mine = await store(fragile)
    fragile.query("UPDATE installation SET wrapping_uses = %s", 2**31 - 1, keystore=True)
    assert (await status(fragile)).wrapping_key_version == 1
    await store(fragile)
    now = await rotated(fragile, lambda seen: bool(seen.wrapping_key_minimum_version == 2))
    assert now.wrapping_key_uses < 100
    assert await opens(fragile, mine)


@pytest.mark.long
@pytest.mark.promise("S06")
async def test_a_wrapping_key_that_is_used_up_wraps_nothing_more(fragile: Vault) -> None:
    mine = await store(fragile)
    # Another replica is rotating for as long as this holds the file, so that no new version comes.
    with WrappingFile(fragile.files.wrapping_key).locked():
        fragile.query("UPDATE installation SET wrapping_uses = %s", 2**32 - 1, keystore=True)
        assert (await store(fragile)).account
        assert await reason_of(store(fragile)) == "WRAPPING_KEY_EXHAUSTED"
        assert (await status(fragile)).wrapping_key_uses == 2**32
        # What is stored opens as before.
        assert await opens(fragile, mine)
        await store(fragile, mine.account)
    await rotated(fragile, lambda seen: bool(seen.wrapping_key_minimum_version == 2))
    assert (await store(fragile)).account


async def test_a_rotation_without_a_version_to_leave_is_refused(fragile: Vault) -> None:
    request = operator_pb2.RotateWrappingKeyRequest()
    assert await reason_of(fragile.operator().RotateWrappingKey(request)) == "INVALID_REQUEST"
    assert versions(fragile) == [1]
