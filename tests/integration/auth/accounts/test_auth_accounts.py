"""Registering and signing in, over mTLS and a real database."""

import asyncio
import base64

import grpc
import pytest
from smelt.auth.v1 import sessions_pb2, users_pb2

from services.common.identity import PASSPORT_KEY
from services.common.rpc.errors import error_from_rpc
from tests.integration.auth.auth_server import PASSWORD, Auth, refusal


async def test_a_person_registers_signs_in_and_is_known(auth: Auth) -> None:
    call = auth.users.CreateUser(
        users_pb2.CreateUserRequest(email=" Ada+Smelt@EXAMPLE.com ", password=PASSWORD)
    )
    assert ("x-http-status", "201") in tuple(await call.initial_metadata())
    user = await call
    assert user.email == "ada+smelt@example.com"
    assert user.create_time.seconds > 0

    call = auth.sessions.CreateSession(
        sessions_pb2.CreateSessionRequest(email="ADA+smelt@example.com", password=PASSWORD),
        metadata=(("x-envoy-external-address", "192.0.2.7"), ("x-smelt-user-agent", "x" * 600)),
    )
    assert ("x-http-status", "201") in tuple(await call.initial_metadata())
    answer = await call
    passport = await auth.passport(f"Bearer {answer.token}")
    me = await auth.users.GetCurrentUser(
        users_pb2.GetCurrentUserRequest(), metadata=((PASSPORT_KEY, passport),)
    )
    assert me == user

    id_ = answer.session.name.removeprefix("sessions/")
    ((account, address, agent, expires, ended),) = auth.execute(
        "SELECT account, client_address, user_agent, extract(epoch FROM expire_time)::bigint, end_time "
        "FROM session WHERE id = %s",
        id_,
    )
    assert f"users/{account}" == user.name
    assert (address, agent, ended) == ("192.0.2.7", "x" * 500, None)
    assert expires == answer.session.expire_time.seconds


@pytest.mark.parametrize(
    ("email", "password", "reason", "field"),
    [
        ("not an address", PASSWORD, "EMAIL_INVALID", "email"),
        ("new＠example.com", PASSWORD, "EMAIL_INVALID", "email"),
        ("", "", "EMAIL_INVALID", "email"),
        ("new@example.com", "", "PASSWORD_TOO_SHORT", "password"),
        ("new@example.com", "😀" * 11, "PASSWORD_TOO_SHORT", "password"),
        ("new@example.com", "😀" * 257, "PASSWORD_TOO_LONG", "password"),
        ("new@example.com", "a" * 100_000, "PASSWORD_TOO_LONG", "password"),
    ],
)
async def test_a_refused_registration_names_the_field_and_stores_nothing(
    auth: Auth, email: str, password: str, reason: str, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await auth.register(email, password)
    told = error_from_rpc(refused.value)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (told.reason, told.violations[0][0]) == (reason, field)
    assert auth.execute("SELECT count(*) FROM account WHERE email LIKE 'new%%'") == [(0,)]


async def test_of_parallel_registrations_exactly_one_wins(auth: Auth) -> None:
    spellings = ["race@example.com", "RACE@example.com", " race@EXAMPLE.com", "Race@Example.Com"]
    answers = await asyncio.gather(*map(auth.register, spellings), return_exceptions=True)
    lost = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert len(lost) == len(spellings) - 1
    for error in lost:
        assert error.code() is grpc.StatusCode.ALREADY_EXISTS
        assert error_from_rpc(error).reason == "EMAIL_TAKEN"
    assert auth.execute("SELECT count(*) FROM account WHERE email = 'race@example.com'") == [(1,)]


@pytest.mark.long
@pytest.mark.promise("S20")
async def test_long_passwords_are_verified_in_full(auth: Auth) -> None:
    bytes73 = "é" + "crane umbrella, 7 violet harbours and a quiet lantern of brass; hm-hm-hm."[:71]
    emoji = "😀🚀🌵🎻🐙🍋🧭🪁" * 32
    assert len(bytes73.encode()) == 73
    await auth.register("long@example.com", bytes73)
    await auth.register("nul@example.com", "a\x00b umbrella, 7 cranes")
    await auth.register("emoji@example.com", emoji)

    await auth.sign_in("long@example.com", bytes73)
    await auth.sign_in("emoji@example.com", emoji)
    for email, wrong in (
        ("long@example.com", bytes73[:-1]),
        ("long@example.com", bytes73[:-1] + "b"),
        ("nul@example.com", "a"),
        ("emoji@example.com", emoji[:-1] + "😁"),
    ):
        assert (await refusal(auth.sign_in(email, wrong)))[0] == "UNAUTHENTICATED"


@pytest.mark.promise("S20")
async def test_nothing_of_a_password_but_its_hash_is_stored(auth: Auth) -> None:
    password = "sown here: tr0ub4dor"
    await auth.register("planted@example.com", password)
    everything = "".join(str(row) for row in auth.execute("SELECT a::text FROM account a"))
    # The control: what is stored is found by the same look.
    assert "planted@example.com" in everything
    for form in (password.encode(), base64.b64encode(password.encode())[:20]):
        assert form.decode() not in everything
        assert form.hex() not in everything
    hashes = auth.execute("SELECT password_hash FROM account WHERE email LIKE 'planted%%'")
    assert hashes[0][0].startswith("$2b$12$")


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(auth: Auth) -> None:
    await auth.register("known@example.com")
    seen = []
    for email in ("known@example.com", "unknown@example.com", "not an address"):
        macs = auth.vault.asked["Mac"]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await auth.sign_in(email, "a wrong password")
        error = refused.value
        seen.append((error.code(), error.details(), tuple(error.trailing_metadata() or ())))
        # The same work, too: one code and, by the unit tests, one hash.
        assert auth.vault.asked["Mac"] == macs + 1
    assert len(set(map(str, seen))) == 1
    assert seen[0][0] is grpc.StatusCode.UNAUTHENTICATED


async def test_a_disabled_account_signs_in_no_more_than_an_unknown_one(auth: Auth) -> None:
    await auth.register("gone@example.com")
    auth.execute("UPDATE account SET state = 'disabled' WHERE email = 'gone@example.com'")
    unknown = await refusal(auth.sign_in("nobody@example.com"))
    assert await refusal(auth.sign_in("gone@example.com")) == unknown


async def test_a_closed_account_is_not_told_who_it_was(auth: Auth) -> None:
    person = auth.person()
    passport = await auth.passport(person.header)
    auth.execute("UPDATE account SET state = 'deleted' WHERE id = %s", person.account)
    answer = refusal(
        auth.users.GetCurrentUser(users_pb2.GetCurrentUserRequest(), metadata=((PASSPORT_KEY, passport),))
    )
    assert (await answer)[0] == "UNAUTHENTICATED"
