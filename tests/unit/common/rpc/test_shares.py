"""The shares of accounts: what one has under way leaves room for all others, whatever it asks for."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gateway.clusters import MAX_REQUESTS
from services.common.identity import Call, JobGrant, Passport
from services.common.rpc.shares import (
    ALL_STREAMS,
    IN_WORK,
    MOST_CALLS,
    MOST_STREAMS,
    CallLimit,
    Shares,
    StreamLimit,
)

pytestmark = pytest.mark.promise("S43")


def call(account: str, method: str = "/m", caller: str = "gateway") -> Call:
    return Call(method, caller, passport=Passport(account, f"session of {account}", ("read",), "token"))


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_short_calls_take_turns_and_too_many_are_refused() -> None:
    shares, end = Shares(), asyncio.Event()
    in_work: list[str] = []

    async def work(of: Call) -> None:
        async with shares.short(of):
            in_work.append(of.passport.account if of.passport else "")
            await end.wait()

    eves = [asyncio.create_task(work(call("eve"))) for _ in range(MOST_CALLS)]
    await settled()
    assert len(in_work) == IN_WORK
    with pytest.raises(CallLimit) as refused:
        await work(call("eve"))
    assert refused.value.retry_after_seconds
    # Neither another account, nor the same one's calls from another service, nor work without a person waits.
    others = [call("ada"), call("eve", caller="processor"), Call("/m", "processor")]
    tasks = [asyncio.create_task(work(each)) for each in others]
    await settled()
    assert in_work[IN_WORK:] == ["ada", "eve", ""]
    # A caller that leaves makes room.
    eves[-1].cancel()
    await settled()
    another = asyncio.create_task(work(call("eve")))
    await settled()
    end.set()
    await asyncio.gather(*eves[:-1], *tasks, another)
    assert not shares._calls


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def streams(shares: Shares, opened: ExitStack, account: str, most: int = MAX_REQUESTS) -> int:
    """Open streams of an account until one is refused; return how many there are."""
    for count in range(most):
        try:
            opened.enter_context(shares.stream(call(account)))
        except StreamLimit:
            return count
    return most


def test_an_account_has_a_number_of_streams(opened: ExitStack) -> None:
    shares = Shares()
    assert streams(shares, opened, "eve") == MOST_STREAMS
    assert streams(shares, opened, "ada") == MOST_STREAMS
    # Work under a grant has no person to count it for.
    grant = JobGrant.__new__(JobGrant)
    for _ in range(2 * MOST_STREAMS):
        opened.enter_context(shares.stream(Call("/m", "processor", grant=grant)))
    opened.close()
    assert not shares._streams
    assert shares._all_streams == 0


def test_however_many_accounts_ask_for_all_they_can_each_other_gets_one_and_short_calls_have_room(
    opened: ExitStack,
) -> None:
    shares = Shares()
    got = [streams(shares, opened, f"eve {nth}") for nth in range(100)]
    assert got == sorted(got, reverse=True)
    assert got[0] == MOST_STREAMS
    assert sum(got) <= ALL_STREAMS + len(got)
    assert sum(got) < MAX_REQUESTS
    assert streams(shares, opened, "ada") >= 1


def test_slow_calls_are_counted_by_method_and_do_not_keep_the_turns_of_short_ones(opened: ExitStack) -> None:
    shares = Shares()
    for _ in range(5):
        opened.enter_context(shares.slow(call("eve", "/test"), 5))
    with pytest.raises(CallLimit), shares.slow(call("eve", "/test"), 5):
        pass
    with shares.slow(call("eve", "/other"), 5), shares.slow(call("ada", "/test"), 5):
        pass
    opened.close()
    with shares.slow(call("eve", "/test"), 5):
        pass
