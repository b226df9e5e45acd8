"""Signing out: only one's own sessions, and from the next request on."""

from typing import Any

import pytest
from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc, sessions_pb2

from services.common.identity import PASSPORT_KEY
from tests.integration.auth.auth_server import Auth, refusal
from tests.support.patience import PATIENCE_SECONDS


async def test_signing_out_ends_the_session_at_once(auth: Auth) -> None:
    person = auth.person()
    passport = await auth.passport(person.header)
    await auth.end("sessions/current", passport)
    assert (await auth.check(person.header)).denied_response.status.code == 401
    reason = auth.execute("SELECT end_reason FROM session WHERE id = %s", person.session)
    assert reason == [("logout",)]
    # The passport lives on for minutes; what has ended is not found by it.
    assert (await refusal(auth.end("sessions/current", passport)))[0] == "SESSION_NOT_FOUND"


async def test_another_session_of_ones_own_can_be_ended_by_its_name(auth: Auth) -> None:
    person = auth.person()
    auth.execute(
        "INSERT INTO session VALUES ('theother', %s, now(), now(), now() + interval '1 day', '', '')",
        person.account,
    )
    other = f"Bearer {auth.vault.token('session', {'sub': person.account, 'sid': 'theother'})}"
    assert (await auth.check(other)).HasField("ok_response")
    await auth.end("sessions/theother", await auth.passport(person.header))
    assert (await auth.check(other)).denied_response.status.code == 401
    assert (await auth.check(person.header)).HasField("ok_response")


async def test_somebody_elses_session_is_like_one_that_does_not_exist(auth: Auth) -> None:
    ada, eve = auth.person(), auth.person()
    passport = await auth.passport(eve.header)
    theirs = await refusal(auth.end(f"sessions/{ada.session}", passport))
    assert theirs == await refusal(auth.end("sessions/nosuchsession", passport))
    assert theirs == ("SESSION_NOT_FOUND", "Session not found")
    assert (await auth.check(ada.header)).HasField("ok_response")


async def test_a_name_that_is_none_is_refused(auth: Auth) -> None:
    passport = await auth.passport(auth.person().header)
    for name in ("", "sessions/", "sessions/A", "sessions/../users", "users/me"):
        assert (await refusal(auth.end(name, passport)))[0] == "INVALID_REQUEST"


async def listed(auth: Auth, passport: str, **page: Any) -> sessions_pb2.ListSessionsResponse:
    answer: sessions_pb2.ListSessionsResponse = await auth.sessions.ListSessions(
        sessions_pb2.ListSessionsRequest(**page),
        metadata=((PASSPORT_KEY, passport),),
        timeout=PATIENCE_SECONDS,
    )
    return answer


def open_session(auth: Auth, account: str, id_: str, *, minutes: int, used: str = "1 minute") -> str:
    """Open a session so long ago; return its token."""
    auth.execute(
        "INSERT INTO session VALUES (%s, %s, now() - make_interval(mins => %s), now() - %s::interval, "
        "now() + interval '1 day', 'smelt-python', '192.0.2.7')",
        id_,
        account,
        minutes,
        used,
    )
    return f"Bearer {auth.vault.token('session', {'sub': account, 'sid': id_})}"


async def test_sessions_that_stand_are_listed_by_pages_newest_first(auth: Auth) -> None:
    person, stranger = auth.person(), auth.person()
    for number in range(4):
        open_session(auth, person.account, f"{person.session[:20]}n{number}", minutes=10 + number)
    open_session(auth, person.account, f"{person.session[:20]}idle", minutes=5, used="7 days")
    open_session(auth, stranger.account, f"{stranger.session[:20]}x", minutes=1)
    ended = f"{person.session[:20]}ended"
    open_session(auth, person.account, ended, minutes=2)
    auth.execute("UPDATE session SET end_time = now(), end_reason = 'logout' WHERE id = %s", ended)
    passport = await auth.passport(person.header)
    seen: list[sessions_pb2.Session] = []
    token = ""
    for _ in range(3):
        page = await listed(auth, passport, page_size=2, page_token=token)
        seen += page.sessions
        token = page.next_page_token
    assert token == ""
    ids = [person.session, *(f"{person.session[:20]}n{number}" for number in range(4))]
    assert [session.name for session in seen] == [f"sessions/{id_}" for id_ in ids]
    assert [session.current for session in seen] == [True, False, False, False, False]
    assert (seen[1].device, seen[1].client_address) == ("smelt-python", "192.0.2.7")
    assert seen[1].create_time.seconds < seen[1].last_used_time.seconds < seen[1].expire_time.seconds


@pytest.mark.promise("S25")
async def test_all_others_can_be_ended_at_once(auth: Auth) -> None:
    person, stranger = auth.person(), auth.person()
    others = [
        open_session(auth, person.account, f"{person.session[:20]}o{number}", minutes=number)
        for number in range(3)
    ]
    passport = await auth.passport(person.header)
    answer = await auth.sessions.RevokeOtherSessions(
        sessions_pb2.RevokeOtherSessionsRequest(),
        metadata=((PASSPORT_KEY, passport),),
        timeout=PATIENCE_SECONDS,
    )
    assert answer.revoked == 3
    for header in others:
        assert (await auth.check(header)).denied_response.status.code == 401
    for header in (person.header, stranger.header):
        assert (await auth.check(header)).HasField("ok_response")


@pytest.mark.promise("S25")
async def test_services_are_told_which_sessions_stand(auth: Auth) -> None:
    person, gone = auth.person(), auth.person()
    await auth.end("sessions/current", await auth.passport(gone.header))
    asked = [
        session_states_pb2.GetSessionStatesRequest.Session(id=id_, account=account)
        for id_, account in (
            (person.session, person.account),
            (gone.session, gone.account),
            (person.session + "x", person.account),
            (person.session, gone.account),
        )
    ]
    async with auth.as_caller("processor") as channel:
        answer = await session_states_pb2_grpc.SessionStateServiceStub(channel).GetSessionStates(
            session_states_pb2.GetSessionStatesRequest(sessions=asked[:3]), timeout=PATIENCE_SECONDS
        )
        assert list(answer.active) == [person.session]
        answer = await session_states_pb2_grpc.SessionStateServiceStub(channel).GetSessionStates(
            session_states_pb2.GetSessionStatesRequest(sessions=asked[3:]), timeout=PATIENCE_SECONDS
        )
        assert list(answer.active) == []
