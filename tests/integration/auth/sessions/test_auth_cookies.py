"""The cookie of a browser's session: what it says, and what is left out of the answer beside it."""

import datetime
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from typing import Any

import pytest
from smelt.auth.v1 import recovery_pb2, sessions_pb2

from services.common.identity import PASSPORT_KEY
from tests.integration.auth.auth_server import PASSWORD, Auth, refused, token_in
from tests.support.patience import PATIENCE_SECONDS

NAME = "__Host-smelt"


async def answer_of(call: Any) -> tuple[Any, dict[str, list[str]]]:
    """Return the answer and the headers before it."""
    answer = await call
    headers: dict[str, list[str]] = {}
    for name, value in await call.initial_metadata():
        headers.setdefault(name, []).append(value)
    return answer, headers


def sign_in(auth: Auth, email: str, password: str = PASSWORD, *, in_cookie: bool) -> Any:
    request = sessions_pb2.CreateSessionRequest(email=email, password=password, in_cookie=in_cookie)
    return auth.sessions.CreateSession(request, timeout=PATIENCE_SECONDS)


def end(auth: Auth, name: str, passport: str) -> Any:
    return auth.sessions.DeleteSession(
        sessions_pb2.DeleteSessionRequest(name=name),
        metadata=((PASSPORT_KEY, passport),),
        timeout=PATIENCE_SECONDS,
    )


async def assert_kept_from_scripts(
    auth: Auth, answer: sessions_pb2.CreateSessionResponse, header: str
) -> str:
    """Check the cookie of a sign-in, and that it is a session; return the token in it."""
    assert answer.token == ""
    assert answer.device_token
    parts = header.split("; ")
    assert parts[1:5] == ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"]
    (expires,) = parts[5:]
    ends = parsedate_to_datetime(expires.removeprefix("Expires="))
    session_ends = answer.session.expire_time.ToDatetime(datetime.UTC)
    assert abs(ends - session_ends) <= datetime.timedelta(seconds=1)
    token = SimpleCookie(header)[NAME].value
    assert token not in str(answer)
    assert (await auth.check(f"Bearer {token}")).HasField("ok_response")
    return token


@pytest.mark.promise("S60")
async def test_a_browser_gets_its_session_where_no_script_can_read_it(auth: Auth) -> None:
    await auth.register("browser@example.com")
    answer, headers = await answer_of(sign_in(auth, "browser@example.com", in_cookie=True))
    (cookie,) = headers["set-cookie"]
    assert headers["x-http-status"] == ["201"]
    token = await assert_kept_from_scripts(auth, answer, cookie)

    passport = await auth.passport(f"Bearer {token}")
    _, headers = await answer_of(end(auth, "sessions/current", passport))
    (cookie,) = headers["set-cookie"]
    assert cookie == f"{NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
    assert (await auth.check(f"Bearer {token}")).denied_response.status.code == 401


@pytest.mark.promise("S60")
async def test_a_link_from_a_mail_opens_such_a_session_too(auth: Auth) -> None:
    await auth.register("browser-link@example.com")
    await auth.recovery.RequestSignInLink(
        recovery_pb2.RequestSignInLinkRequest(email="browser-link@example.com"), timeout=PATIENCE_SECONDS
    )
    mailed = token_in(await auth.mail("browser-link@example.com"))
    request = recovery_pb2.ConfirmSignInLinkRequest(token=mailed, in_cookie=True)
    answer, headers = await answer_of(auth.recovery.ConfirmSignInLink(request, timeout=PATIENCE_SECONDS))
    (cookie,) = headers["set-cookie"]
    await assert_kept_from_scripts(auth, answer, cookie)


async def test_programs_get_a_token_and_no_cookie(auth: Auth) -> None:
    await auth.register("program@example.com")
    answer, headers = await answer_of(sign_in(auth, "program@example.com", in_cookie=False))
    assert "set-cookie" not in headers
    assert (await auth.check(f"Bearer {answer.token}")).HasField("ok_response")


async def test_ending_another_session_leaves_the_cookie_of_this_one(auth: Auth) -> None:
    await auth.register("two@example.com")
    here = await auth.sign_in("two@example.com")
    there, _ = await answer_of(sign_in(auth, "two@example.com", in_cookie=True))
    passport = await auth.passport(f"Bearer {here.token}")
    _, headers = await answer_of(end(auth, there.session.name, passport))
    assert "set-cookie" not in headers
    _, headers = await answer_of(end(auth, here.session.name, passport))
    assert "Max-Age=0" in headers["set-cookie"][0]


async def test_a_sign_in_that_is_refused_sets_no_cookie(auth: Auth) -> None:
    call = sign_in(auth, "nobody-there@example.com", in_cookie=True)
    assert (await refused(call)).reason == "UNAUTHENTICATED"
    assert not [name for name, _ in await call.initial_metadata() if name == "set-cookie"]
