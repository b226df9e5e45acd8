"""What is suspended in other services after a reset, whatever is down, silent or fails on the way."""

import asyncio

import pytest

from tests.integration.auth.auth_server import Auth, token_in
from tests.integration.auth.recovery.test_auth_first_proof import Stranger
from tests.integration.auth.recovery.test_auth_recovery import NEW, ask, reset
from tests.support.patience import eventually

_NOW = "UPDATE suspension SET next_time = now() WHERE account = %s"


async def settled(auth: Auth, account: str) -> None:
    """Return once nothing is left to suspend."""
    # Due at once, instead of after the pause before the next try.
    await asyncio.to_thread(auth.execute, _NOW, account)
    await eventually(lambda: not auth.execute("SELECT 1 FROM suspension WHERE account = %s", account))


@pytest.fixture
async def stranger(auth: Auth, request: pytest.FixtureRequest) -> Stranger:
    made = Stranger(auth, f"{abs(hash(request.node.name))}@example.com")
    await made.settle_in()
    await ask(auth, made.email)
    return made


@pytest.mark.promise("S25")
async def test_a_service_that_is_down_delays_neither_the_answer_nor_the_mail_and_is_asked_later(
    auth: Auth, stranger: Stranger
) -> None:
    token = token_in(await auth.mail(stranger.email, 2))
    await auth.processor.stop()
    answer = await reset(auth, token)
    assert answer.ended.pending
    assert (answer.ended.sessions, answer.ended.access_tokens, answer.ended.webhooks) == (1, 1, 0)
    await auth.sign_in(stranger.email, NEW)
    try:
        # The mail waits a moment for the counts, no longer.
        auth.execute("UPDATE mail SET next_try_time = now() WHERE recipient = %s", stranger.email)
        text = (await auth.mail(stranger.email, 3)).get_content()
        assert "Access tokens ended: 1\n" in text
        assert "Webhooks are being switched off until you confirm them" in text
        assert stranger.account in auth.processor.holds
    finally:
        await auth.processor.start(auth.certificates)
    await settled(auth, stranger.account)
    await stranger.is_out()


@pytest.mark.parametrize("dies", ["refuses", "dies_after"])
async def test_a_service_that_fails_before_or_after_its_work_is_asked_again_and_counts_once(
    auth: Auth, stranger: Stranger, dies: str
) -> None:
    setattr(auth.processor, dies, 1)
    answer = await reset(auth, token_in(await auth.mail(stranger.email, 2)))
    assert answer.ended.pending
    await settled(auth, stranger.account)
    await stranger.is_out()
    # The mail was not sent yet, so it tells what a later try has counted.
    text = (await auth.mail(stranger.email, 3)).get_content()
    assert "Webhooks off until you confirm them (`smelt webhooks confirm`): 2" in text
