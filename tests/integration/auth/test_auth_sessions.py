"""Signing out: only one's own sessions, and from the next request on."""

from tests.integration.auth.auth_server import Auth, refusal


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
