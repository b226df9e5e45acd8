"""A vault on a machine whose clock is wrong signs and checks by its database's clock."""

import asyncio
import time

import jwt
import pytest
from smelt.vault.v1 import api_keys_pb2, signing_pb2

from tests.integration.vault.vault_process import SECRET, Vault, new_account, reason_of, worker

HOUR = 3600


@pytest.mark.promise("S22")
@pytest.mark.parametrize("seconds", [-HOUR, pytest.param(HOUR, marks=pytest.mark.long)])
async def test_tokens_are_signed_and_checked_by_the_databases_clock(fragile: Vault, seconds: int) -> None:
    await fragile.kill()
    fragile.settings["SHIFT_SECONDS"] = str(seconds)
    await fragile.start()
    account = new_account()
    key = await fragile.add_key(account)
    before = time.time()
    grant = await fragile.grant(account, key.name, lifetime_seconds=600)
    claims = jwt.decode(grant.token, options={"verify_signature": False})
    assert before - 2 <= claims["iat"] <= time.time() + 2
    assert claims["exp"] - claims["iat"] in (600, 601)
    assert grant.expire_time.seconds == claims["exp"]
    assert before - 2 <= key.create_time.ToSeconds() <= time.time() + 2
    async with worker(fragile) as stream:
        assert await stream.outcome(grant.token, 1) == SECRET
        brief = await fragile.grant(account, key.name, lifetime_seconds=1)
        while time.time() < brief.expire_time.seconds + 1:
            await asyncio.sleep(0.1)
        assert await stream.outcome(brief.token, 1) == "GRANT_EXPIRED"
    passport = signing_pb2.SignRequest(
        passport=signing_pb2.PassportClaims(account=account, session="s", scopes=["read", "write"]),
        lifetime_seconds=1,
    )
    over = await fragile.signing().Sign(passport)
    while time.time() < over.expire_time.seconds + 1:
        await asyncio.sleep(0.1)
    late = (("x-smelt-passport", over.token),)
    asked = fragile.keys().ListApiKeys(api_keys_pb2.ListApiKeysRequest(), metadata=late)
    assert await reason_of(asked) == "UNAUTHENTICATED"
