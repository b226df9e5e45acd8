"""Links by mail: for a new password, and for signing in when strangers have used up the attempts."""

import asyncio
from email.message import EmailMessage
from typing import Any

import grpc
import pytest
from smelt.auth.v1 import recovery_pb2

from services.auth.limits.limits import Rate
from services.common.rpc.errors import error_from_rpc
from tests.integration.auth.auth_server import Auth, Replicas, from_client, refusal, refused, token_in
from tests.support.patience import PATIENCE_SECONDS

NEW = "a completely different passphrase"


async def ask(auth: Auth, email: str, client: str = "") -> None:
    await auth.recovery.RequestPasswordReset(
        recovery_pb2.RequestPasswordResetRequest(email=email),
        metadata=from_client(client),
        timeout=PATIENCE_SECONDS,
    )


async def ask_link(auth: Auth, email: str) -> None:
    await auth.recovery.RequestSignInLink(
        recovery_pb2.RequestSignInLinkRequest(email=email), timeout=PATIENCE_SECONDS
    )


async def reset(auth: Auth, token: str, password: str = NEW) -> Any:
    return await auth.recovery.ConfirmPasswordReset(
        recovery_pb2.ConfirmPasswordResetRequest(token=token, new_password=password), timeout=PATIENCE_SECONDS
    )


async def by_link(auth: Auth, token: str) -> Any:
    return await auth.recovery.ConfirmSignInLink(
        recovery_pb2.ConfirmSignInLinkRequest(token=token), timeout=PATIENCE_SECONDS
    )


async def signed_in_by(auth: Auth, mail: EmailMessage) -> Any:
    """Return what a mail's link opens; None when it no longer works."""
    try:
        return await by_link(auth, token_in(mail))
    except grpc.aio.AioRpcError as error:
        assert error.details() == "This link no longer works; request a new one"
        return None


@pytest.mark.promise("S25")
@pytest.mark.promise("S27")
async def test_a_link_sets_a_new_password_once_and_ends_every_session(auth: Auth) -> None:
    await auth.register("forgot@example.com")
    signed_in = await auth.sign_in("forgot@example.com")
    await ask(auth, " FORGOT@example.com")
    mail = await auth.mail("forgot@example.com")
    assert mail["Subject"] == "Set a new Smelt password"
    assert mail.get_content_type() == "text/plain"
    token = token_in(mail)
    assert f"https://localhost:8443/reset-password#token={token}\n" in mail.get_content()
    await reset(auth, token)
    assert (await auth.check(f"Bearer {signed_in.token}")).denied_response.status.code == 401
    assert (await refusal(auth.sign_in("forgot@example.com")))[0] == "UNAUTHENTICATED"
    await auth.sign_in("forgot@example.com", NEW)
    told = await auth.mail("forgot@example.com", 2)
    assert told["Subject"] == "Your Smelt password was changed"
    assert (await refusal(reset(auth, token)))[0] == "RESET_TOKEN_INVALID"


@pytest.mark.promise("S27")
async def test_of_two_uses_of_a_link_at_once_exactly_one_wins(replicas: Replicas) -> None:
    await replicas.first.register("twice@example.com")
    await ask(replicas.first, "twice@example.com")
    token = token_in(await replicas.first.mail("twice@example.com"))
    passwords = [f"{NEW} {number}" for number in range(4)]
    answers = await asyncio.gather(
        *(
            reset((replicas.first, replicas.second)[number % 2], token, password)
            for number, password in enumerate(passwords)
        ),
        return_exceptions=True,
    )
    won = [number for number, answer in enumerate(answers) if not isinstance(answer, BaseException)]
    assert len(won) == 1
    await replicas.first.sign_in("twice@example.com", passwords[won[0]])


@pytest.mark.promise("S27")
async def test_a_newer_link_ends_the_older_and_an_hour_ends_both(auth: Auth) -> None:
    await auth.register("newer@example.com")
    await ask(auth, "newer@example.com")
    older = token_in(await auth.mail("newer@example.com"))
    await ask(auth, "newer@example.com")
    newer = token_in(await auth.mail("newer@example.com", 2))
    assert (await refusal(reset(auth, older)))[0] == "RESET_TOKEN_INVALID"
    hour = "UPDATE mailed_token SET expire_time = expire_time - interval '{}'"
    auth.execute(hour.format("59 minutes"))
    # The token works still, and what it is refused for is the password alone.
    assert (await refusal(reset(auth, newer, "short")))[0] == "PASSWORD_TOO_SHORT"
    auth.execute(hour.format("1 minute"))
    assert (await refusal(reset(auth, newer)))[0] == "RESET_TOKEN_INVALID"


@pytest.mark.promise("S27")
async def test_what_is_no_token_opens_nothing(auth: Auth) -> None:
    await auth.register("guess@example.com")
    await ask(auth, "guess@example.com")
    token = token_in(await auth.mail("guess@example.com"))
    other = ("A" if token[0] != "A" else "B") + token[1:]
    assert (await refusal(reset(auth, "")))[0] == "INVALID_REQUEST"
    for wrong in (
        "%",
        "_" * 43,
        token[:-1],
        token[:20],
        f"{token}=",
        f" {token}",
        other,
        "A" * 43,
        "\x00",
    ):
        assert (await refusal(reset(auth, wrong)))[0] == "RESET_TOKEN_INVALID"
    # Nor is a link for one thing good for another.
    assert (await refusal(by_link(auth, token)))[0] == "SIGN_IN_LINK_INVALID"
    await reset(auth, token)


@pytest.mark.promise("S27")
async def test_tokens_are_stored_hashed(auth: Auth) -> None:
    await auth.register("hashed@example.com")
    await ask(auth, "hashed@example.com")
    token = token_in(await auth.mail("hashed@example.com"))
    tables = auth.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    everything = ""
    for (table,) in tables:
        everything += str(auth.execute(f"SELECT t::text FROM {table} AS t"))
    assert "hashed@example.com" in everything
    assert token not in everything
    assert token[:20] not in everything


@pytest.mark.promise("S24")
async def test_a_request_is_answered_and_limited_alike_whether_there_is_an_account(
    replicas: Replicas,
) -> None:
    auth = replicas.first
    await auth.register("known@example.com")
    seen: dict[str, list[str]] = {}
    for email in ("known@example.com", "unknown@example.com", "no address"):
        for _ in range(4):
            try:
                await ask(auth, email)
                seen.setdefault(email, []).append("{}")
            except grpc.aio.AioRpcError as error:
                told = error_from_rpc(error)
                seen.setdefault(email, []).append(f"{told.reason} {told.message}")
    assert seen["known@example.com"] == seen["unknown@example.com"] == seen["no address"]
    assert seen["known@example.com"][:3] == ["{}"] * 3
    assert seen["known@example.com"][3].startswith("MAIL_RATE_LIMITED")
    await auth.mail("known@example.com", 3)
    assert auth.mails("unknown@example.com") == []


@pytest.mark.promise("S23")
async def test_an_owner_signs_in_though_strangers_have_used_up_every_attempt(replicas: Replicas) -> None:
    async with replicas.another(limit_login_email=Rate.parse("3/1h")) as auth:
        await auth.register("owner@example.com", client="192.0.2.1")
        device = (await auth.sign_in("owner@example.com", client="192.0.2.1")).device_token
        for number in range(3):
            told = await refused(auth.sign_in("owner@example.com", "guess", client=f"198.51.100.{number}"))
            assert told.reason == "UNAUTHENTICATED"
        told = await refused(auth.sign_in("owner@example.com", client="192.0.2.1"))
        assert told.reason == "LOGIN_RATE_LIMITED"
        # The device that signed in before has attempts of its own, from anywhere.
        again = await auth.sign_in("owner@example.com", client="203.0.113.7", device_token=device)
        assert again.device_token == device
        # From a new device there is the mail.
        for _ in range(3):
            await ask_link(auth, "owner@example.com")
        assert (await refusal(ask_link(auth, "owner@example.com")))[0] == "MAIL_RATE_LIMITED"
        # However many mails were asked for in the hour, the last one works. Replicas send side by side, so
        # that one of them may have sent it before another mail.
        mails = [await auth.mail("owner@example.com", number) for number in (1, 2, 3)]
        opened = [signed_in for mail in mails if (signed_in := await signed_in_by(auth, mail))]
        assert len(opened) == 1
        assert (await auth.check(f"Bearer {opened[0].token}")).HasField("ok_response")


@pytest.mark.long
@pytest.mark.promise("S23")
async def test_a_device_token_is_good_for_its_own_account_and_password_alone(replicas: Replicas) -> None:
    async with replicas.another(limit_login_email=Rate.parse("2/1h")) as auth:
        for email in ("mine@example.com", "yours@example.com"):
            await auth.register(email)
        device = (await auth.sign_in("mine@example.com")).device_token
        for number in range(2):
            for email in ("mine@example.com", "yours@example.com"):
                await refused(auth.sign_in(email, "guess", client=f"198.51.100.{number}"))
        for token in (device, "", "A" * 43, device[:-1]):
            told = await refused(auth.sign_in("yours@example.com", client="192.0.2.2", device_token=token))
            assert told.reason == "LOGIN_RATE_LIMITED"
        # It is not worth more than the password it came with, and has a cap itself.
        await ask(auth, "mine@example.com")
        token = token_in(await auth.mail("mine@example.com"))
        for number in range(2):
            wrong = auth.sign_in("mine@example.com", "guess", client=f"192.0.2.{number}", device_token=device)
            assert (await refused(wrong)).reason == "UNAUTHENTICATED"
        capped = auth.sign_in("mine@example.com", client="192.0.2.9", device_token=device)
        assert (await refused(capped)).reason == "LOGIN_RATE_LIMITED"
        await reset(auth, token)
        ended = auth.sign_in("mine@example.com", NEW, client="192.0.2.9", device_token=device)
        assert (await refused(ended)).reason == "LOGIN_RATE_LIMITED"
        assert auth.execute("SELECT count(*) FROM device") == [(0,)]


async def test_a_sign_in_link_works_once_and_not_for_a_closed_account(auth: Auth) -> None:
    await auth.register("link@example.com")
    await ask_link(auth, "link@example.com")
    token = token_in(await auth.mail("link@example.com"))
    signed_in = await by_link(auth, token)
    assert signed_in.device_token
    assert (await refusal(by_link(auth, token)))[0] == "SIGN_IN_LINK_INVALID"
    await ask_link(auth, "link@example.com")
    # The one in between says that the password of before has ended with the first proof of the address.
    token = token_in(await auth.mail("link@example.com", 3))
    auth.execute("UPDATE account SET state = 'disabled' WHERE email = 'link@example.com'")
    assert (await refusal(by_link(auth, token)))[0] == "SIGN_IN_LINK_INVALID"
