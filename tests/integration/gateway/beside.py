"""A well-behaved client beside an attack, and the addresses that attackers have."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.integration.gateway.conftest import Edge
from tests.support.proc import forget_peak, memory_mib, peak_memory_mib


def another_address(number: int) -> str:
    """Return an address of this machine that no other test uses; skip the test where there is but one."""
    address = f"127.0.9.{number}"
    with socket.socket() as tried:
        try:
            tried.bind((address, 0))
        except OSError:
            pytest.skip("this machine has one loopback address")
    return address


@asynccontextmanager
async def good_client(edge: Edge, *, auth_is_busy: bool = False) -> AsyncIterator[None]:
    """Ask again and again during the block; fail if an answer has another status than it should.

    Where the attack makes auth busy, the one of these tests may be too slow for Envoy on a slow machine.
    """
    statuses: Counter[tuple[str, int]] = Counter()

    async def ask() -> None:
        while True:
            statuses["GET", (await edge.call("GET", "/v1/users/me")).status] += 1
            created = await edge.call("POST", "/v1/templates", json={"prompt": "p" * 1000})
            statuses["POST", created.status] += 1
            await asyncio.sleep(0.05)

    asking = asyncio.ensure_future(ask())
    try:
        yield
    finally:
        # At least once after everything else.
        assert (await edge.call("GET", "/v1/users/me")).status == 200
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    busy = {("GET", 503), ("POST", 503)} if auth_is_busy else set()
    assert statuses.keys() <= {("GET", 200), ("POST", 201)} | busy


@asynccontextmanager
async def no_more_memory_than(edge: Edge, mib: float) -> AsyncIterator[None]:
    """Check that Envoy takes at most this much more memory during the block than before."""
    before = memory_mib(edge.pid)
    forget_peak(edge.pid)
    yield
    taken = peak_memory_mib(edge.pid) - before
    assert taken < mib, f"{taken:.0f} MiB"
