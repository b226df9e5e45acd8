"""Answers for known and unknown addresses take equally long; compared by ranks, tries interleaved."""

import contextlib
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import grpc
import pytest
from smelt.auth.v1 import recovery_pb2

from tests.integration.auth.auth_server import Auth, Replicas
from tests.support.patience import PATIENCE_SECONDS

#: Two samples of one distribution lie further apart than this once in fifteen thousand runs.
FAR = 4.0
KNOWN, UNKNOWN = "timed@example.com", "stranger@example.com"


def apart(first: Sequence[float], second: Sequence[float]) -> float:
    """How far two samples lie apart: the z of Mann and Whitney's rank sum, which no outlier moves far."""
    below = sum((a < b) + (a == b) / 2 for a in first for b in second)
    pairs = len(first) * len(second)
    return abs(below - pairs / 2) / math.sqrt(pairs * (len(first) + len(second) + 1) / 12)


async def interleaved(ask: Callable[[str], Awaitable[object]], tries: int) -> tuple[list[float], list[float]]:
    """Seconds of a number of tries with each of the two addresses, in an order that nothing follows."""
    order = [KNOWN, UNKNOWN] * tries
    random.Random(7).shuffle(order)
    took: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for email in [*order[:4], *order]:
        started = time.perf_counter()
        with contextlib.suppress(grpc.aio.AioRpcError):
            await ask(email)
        took[email].append(time.perf_counter() - started)
    return took[KNOWN], took[UNKNOWN]


async def asked(auth: Auth, email: str) -> None:
    await auth.recovery.RequestPasswordReset(
        recovery_pb2.RequestPasswordResetRequest(email=email), timeout=PATIENCE_SECONDS
    )


def test_the_ruler_tells_two_distributions_apart() -> None:
    noise = random.Random(1)
    one, same = ([noise.gauss(250, 20) for _ in range(16)] for _ in range(2))
    other = [noise.gauss(320, 20) for _ in range(16)]
    assert apart(one, same) < FAR
    assert apart(one, other) > FAR


@pytest.mark.promise("S24")
@pytest.mark.parametrize("tries", [16, pytest.param(150, marks=pytest.mark.long)])
async def test_a_wrong_password_takes_as_long_as_an_unknown_address(auth: Auth, tries: int) -> None:
    if not auth.execute("SELECT 1 FROM account WHERE email = %s", KNOWN):
        await auth.register(KNOWN)
    known, unknown = await interleaved(lambda email: auth.sign_in(email, "a wrong password"), tries)
    assert apart(known, unknown) < FAR
    # The control: a refusal that skips the hash would be seen at once.
    assert apart(known + unknown, await quick(auth, 2 * tries)) > FAR


async def quick(auth: Auth, tries: int) -> list[float]:
    """Seconds of answers that need no hash."""
    seconds = []
    for _ in range(tries):
        started = time.perf_counter()
        await auth.check(None)
        seconds.append(time.perf_counter() - started)
    return seconds


@pytest.mark.long
@pytest.mark.promise("S24")
@pytest.mark.parametrize("tries", [40, pytest.param(150, marks=pytest.mark.long)])
async def test_where_attempts_are_used_up_both_are_refused_equally_fast(
    replicas: Replicas, tries: int
) -> None:
    auth = replicas.first
    await auth.register(KNOWN)
    for email in (KNOWN, UNKNOWN):
        for _ in range(5):
            with pytest.raises(grpc.aio.AioRpcError):
                await auth.sign_in(email, "a wrong password")
    macs = auth.vault.asked["Mac"]
    known, unknown = await interleaved(lambda email: auth.sign_in(email, "a wrong password"), tries)
    assert auth.vault.asked["Mac"] == macs
    assert apart(known, unknown) < FAR


@pytest.mark.promise("S24")
@pytest.mark.parametrize("tries", [40, pytest.param(150, marks=pytest.mark.long)])
async def test_asking_for_a_link_takes_as_long_without_an_account(auth: Auth, tries: int) -> None:
    if not auth.execute("SELECT 1 FROM account WHERE email = %s", KNOWN):
        await auth.register(KNOWN)
    known, unknown = await interleaved(lambda email: asked(auth, email), tries)
    assert apart(known, unknown) < FAR
