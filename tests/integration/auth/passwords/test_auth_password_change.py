"""Changing a password, which passwords are taken, and storing old ones in today's way."""

import asyncio
import base64
import hashlib
import hmac
from typing import Any

import bcrypt
import pytest
from smelt.auth.v1 import sessions_pb2, users_pb2

from services.auth.passwords import passwords
from services.common.identity import PASSPORT_KEY
from tests.integration.auth.auth_server import PASSWORD, Auth, Replicas, refusal, refused
from tests.support.patience import PATIENCE_SECONDS

NEW = "a completely different passphrase"


async def change(auth: Auth, passport: str, current: str, new: str) -> Any:
    request = users_pb2.ChangePasswordRequest(current_password=current, new_password=new)
    return await auth.users.ChangePassword(
        request, metadata=((PASSPORT_KEY, passport),), timeout=PATIENCE_SECONDS
    )


async def passes(auth: Auth, token: str) -> bool:
    return (await auth.check(f"Bearer {token}")).HasField("ok_response")


@pytest.mark.promise("S25")
async def test_a_new_password_ends_all_sessions_but_the_one_that_asked(auth: Auth) -> None:
    await auth.register("change@example.com")
    here, there = [(await auth.sign_in("change@example.com")).token for _ in range(2)]
    passport = await auth.passport(f"Bearer {here}")
    assert (await refusal(change(auth, passport, "not the password", NEW)))[0] == "PASSWORD_WRONG"
    assert await passes(auth, there)
    await change(auth, passport, PASSWORD, NEW)
    assert await passes(auth, here)
    assert not await passes(auth, there)
    assert (await refusal(auth.sign_in("change@example.com")))[0] == "UNAUTHENTICATED"
    await auth.sign_in("change@example.com", NEW)
    mail = await auth.mail("change@example.com")
    assert mail["Subject"] == "Your Smelt password was changed"
    assert NEW not in mail.get_content()


@pytest.mark.promise("S25")
async def test_who_was_signing_in_with_the_old_password_gets_no_session(auth: Auth) -> None:
    await auth.register("race-change@example.com")
    here = (await auth.sign_in("race-change@example.com")).token
    passport = await auth.passport(f"Bearer {here}")
    answers = await asyncio.gather(
        change(auth, passport, PASSWORD, NEW),
        *(auth.sign_in("race-change@example.com") for _ in range(6)),
        return_exceptions=True,
    )
    assert not isinstance(answers[0], BaseException)
    opened = [a.token for a in answers if isinstance(a, sessions_pb2.CreateSessionResponse)]
    assert [await passes(auth, token) for token in opened] == [False] * len(opened)
    assert await passes(auth, here)


@pytest.mark.long
async def test_of_two_changes_at_once_one_wins(auth: Auth) -> None:
    await auth.register("two-changes@example.com")
    passport = await auth.passport(f"Bearer {(await auth.sign_in('two-changes@example.com')).token}")
    answers = await asyncio.gather(
        *(change(auth, passport, PASSWORD, f"{NEW} {number}") for number in range(2)), return_exceptions=True
    )
    (won,) = [number for number, answer in enumerate(answers) if not isinstance(answer, BaseException)]
    await auth.sign_in("two-changes@example.com", f"{NEW} {won}")


@pytest.mark.promise("S21")
async def test_a_stolen_session_guesses_at_the_password_five_times(replicas: Replicas) -> None:
    await replicas.first.register("stolen@example.com")
    passport = await replicas.first.passport(
        f"Bearer {(await replicas.first.sign_in('stolen@example.com')).token}"
    )
    for number in range(5):
        auth = (replicas.first, replicas.second)[number % 2]
        assert (await refusal(change(auth, passport, f"guess {number}", NEW)))[0] == "PASSWORD_WRONG"
    assert (await refusal(change(replicas.first, passport, PASSWORD, NEW)))[0] == "LOGIN_RATE_LIMITED"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("passwordpassword", "PASSWORD_COMMON"),
        ("P@ssw0rd1234", "PASSWORD_COMMON"),
        ("my name is Grace!", "PASSWORD_CONTAINS_EMAIL"),
        ("short", "PASSWORD_TOO_SHORT"),
        ("😀" * 257, "PASSWORD_TOO_LONG"),
    ],
)
async def test_a_password_that_is_not_taken_is_named_by_its_field_and_why(
    auth: Auth, password: str, reason: str
) -> None:
    told = await refused(auth.register("grace+work@example.com", password))
    assert (told.reason, told.violations[0][0]) == (reason, "password")
    assert told.violations[0][1]
    assert auth.execute("SELECT count(*) FROM account WHERE email LIKE 'grace%%'") == [(0,)]


async def test_refused_passwords_do_not_use_registrations_up_but_are_limited_themselves(
    replicas: Replicas,
) -> None:
    for _ in range(9):
        told = await refused(replicas.first.register("try@example.com", "passwordpassword"))
        assert told.reason == "PASSWORD_COMMON"
    for number in range(3):
        await replicas.first.register(f"try{number}@example.com")
    told = await refused(replicas.first.register("try@example.com", "passwordpassword"))
    assert told.reason == "REGISTER_RATE_LIMITED"


@pytest.mark.promise("S20")
async def test_a_password_of_an_older_pepper_is_stored_anew_at_the_next_sign_in(auth: Auth) -> None:
    await auth.register("older@example.com")
    code = hmac.digest(b"p0", hashlib.sha384(PASSWORD.encode()).digest(), "sha384")
    old = bcrypt.hashpw(base64.b64encode(code), bcrypt.gensalt(passwords.COST)).decode()
    auth.execute(
        "UPDATE account SET password_pepper_id = 'p0', password_hash = %s WHERE email = 'older@example.com'",
        old,
    )
    for _ in range(2):
        await auth.sign_in("older@example.com")
        now = auth.execute(
            "SELECT password_scheme, password_pepper_id, password_hash <> %s, password_generation "
            "FROM account WHERE email = 'older@example.com'",
            old,
        )
        assert now == [(passwords.SCHEME, "p1", True, 1)]
