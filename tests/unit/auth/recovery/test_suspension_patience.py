"""The answer to an owner waits a moment for other services, and no longer."""

import asyncio

import pytest

from services.auth.due.work import Claim
from services.auth.recovery.ended_access import EndedAccess, Secured
from services.auth.recovery.suspension import OWN_SECONDS, Suspension
from services.common.suspension import Suspended
from tests.support.own_time import in_own_time, own_loop


class Records:
    """Work that is never finished here."""

    async def generation(self, claim: Claim) -> int | None:
        return 2

    async def finish(self, claim: Claim, suspended: Suspended) -> None:
        raise AssertionError("finished although a service did not answer")


class Silent:
    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        await asyncio.Event().wait()
        return Suspended()


@in_own_time
async def test_a_service_that_does_not_answer_holds_no_answer_up() -> None:
    started = own_loop().now
    secured = Secured(EndedAccess(sessions=2), Claim("ada", 1, 1))
    ended = await Suspension(Records(), {"processor": Silent()}).at_once(secured)
    assert (ended.sessions, ended.pending) == (2, True)
    # Before the work becomes due for others, so that no two are at it.
    assert own_loop().now - started < OWN_SECONDS


async def test_where_nothing_is_to_be_suspended_nobody_is_asked() -> None:
    ended = EndedAccess(devices=1)
    assert await Suspension(Records(), {"processor": Silent()}).at_once(Secured(ended)) == ended


@in_own_time
async def test_one_who_leaves_leaves_the_work_due() -> None:
    secured = Secured(EndedAccess(), Claim("ada", 1, 1))
    asked = asyncio.ensure_future(Suspension(Records(), {"processor": Silent()}).at_once(secured))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
