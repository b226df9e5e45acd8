"""Who may register: everyone, the first alone, or those who read the mail that their address gets."""

import asyncio
from typing import Any

import pytest
from smelt.auth.v1 import users_pb2

from tests.integration.auth.auth_server import (
    GENEROUS,
    PASSWORD,
    Auth,
    Replicas,
    refusal,
    token_in,
)
from tests.support.patience import PATIENCE_SECONDS

OTHER = "another long passphrase"


async def verify(auth: Auth, token: str) -> Any:
    return await auth.users.VerifyEmail(users_pb2.VerifyEmailRequest(token=token), timeout=PATIENCE_SECONDS)


async def test_after_the_first_account_nobody_registers_not_even_at_the_same_moment(
    replicas: Replicas,
) -> None:
    async with replicas.another(sign_up="first", **GENEROUS) as auth:
        answers = await asyncio.gather(
            *(auth.register(f"first{number}@example.com") for number in range(4)), return_exceptions=True
        )
        assert len([answer for answer in answers if isinstance(answer, BaseException)]) == 3
        assert auth.execute("SELECT count(*) FROM account") == [(1,)]
        macs = auth.vault.asked["Mac"]
        assert (await refusal(auth.register("late@example.com")))[0] == "SIGN_UP_CLOSED"
        assert auth.vault.asked["Mac"] == macs


@pytest.mark.promise("S24")
async def test_with_verification_registering_tells_nothing_and_signing_in_neither(replicas: Replicas) -> None:
    async with replicas.another(verify_email=True, **GENEROUS) as auth:
        new = await auth.register("new@example.com")
        assert (new.name, new.email) == ("", "new@example.com")
        unknown = await refusal(auth.sign_in("nobody@example.com"))
        assert await refusal(auth.sign_in("new@example.com")) == unknown
        token = token_in(await auth.mail("new@example.com"))
        await verify(auth, token)
        await auth.sign_in("new@example.com")
        assert (await refusal(verify(auth, token)))[0] == "VERIFICATION_TOKEN_INVALID"
        # Again, with the address that has an account now: the same answer, and another mail.
        again = await auth.register("new@example.com", OTHER)
        assert (again.name, again.email) == ("", "new@example.com")
        mail = await auth.mail("new@example.com", 2)
        assert mail["Subject"] == "Your Smelt account"
        assert "#token=" not in mail.get_content()
        await auth.sign_in("new@example.com", PASSWORD)
        assert await refusal(auth.sign_in("new@example.com", OTHER)) == unknown


async def test_an_address_that_nobody_verified_is_free_for_its_owner(replicas: Replicas) -> None:
    async with replicas.another(verify_email=True, **GENEROUS) as auth:
        await auth.register("owner@example.com", OTHER)
        strangers = token_in(await auth.mail("owner@example.com"))
        await auth.register("owner@example.com", PASSWORD)
        assert (await refusal(verify(auth, strangers)))[0] == "VERIFICATION_TOKEN_INVALID"
        await verify(auth, token_in(await auth.mail("owner@example.com", 2)))
        await auth.sign_in("owner@example.com", PASSWORD)
        assert (await refusal(auth.sign_in("owner@example.com", OTHER)))[0] == "UNAUTHENTICATED"
