"""Passwords, mailed links and sessions on the command line: what is sent, and what is never shown."""

from __future__ import annotations

import json
import stat

import pytest
from smelt_client.cli.logins import Login, device_token, login_file, save

from tests.unit.client.conftest import TOKEN, URL, Server, Smelt

OLD, NEW, MAILED, DEVICE = "the old passphrase", "the new passphrase", "m" * 43, "d" * 43
SESSION = {"name": "sessions/s1", "expire_time": "2026-12-23T10:00:00Z", "device": "smelt-python"}


def test_a_password_is_changed_by_two_lines_of_stdin(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    server.says({"ended": {"sessions": 2, "devices": 1}, "password_advice": "Add another word or two."})
    code, out, err = smelt("password", "change", "--stdin", stdin=f"{OLD}\n{NEW}\n")
    assert (code, out) == (0, "")
    assert "Sessions ended: 2\n" in err
    assert "Access tokens" not in err
    assert "This password is weak. Add another word or two." in err
    assert server.paths() == ["POST /v1/users/me:changePassword"]
    assert server.body() == {"current_password": OLD, "new_password": NEW}
    assert OLD not in err
    assert NEW not in err


def test_a_change_can_end_access_tokens_and_then_the_login_is_forgotten(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", "smelt_pat_x"))
    server.says({"email": "ada@example.com"})
    server.says({"session": SESSION, "token": TOKEN, "device_token": DEVICE}, 201)
    server.says({"ended": {"access_tokens": 3}}).says({})
    code, _, err = smelt("password", "change", "--end-access-tokens", "--stdin", stdin=f"{OLD}\n{NEW}\n")
    assert code == 0
    assert json.loads(server.asked[2].content)["end_access_tokens"] is True
    assert "Access tokens ended: 3\n" in err
    assert "smelt login" in err
    assert not login_file().exists()


ENDED = {
    "sessions": 1,
    "devices": 1,
    "access_tokens": 2,
    "webhooks": 1,
    "jobs": 1,
    "api_keys": 1,
    "password": False,
    "pending": False,
}


def test_a_forgotten_password_takes_two_steps(server: Server, smelt: Smelt) -> None:
    server.says({}).says({"ended": ENDED, "password_advice": ""})
    code, _, err = smelt("password", "reset", "ada@example.com", "--url", URL)
    assert (code, server.body()) == (0, {"email": "ada@example.com"})
    assert "on its way" in err
    code, _, err = smelt("password", "reset", "--mailed", "--stdin", "--url", URL, stdin=f"{MAILED}\n{NEW}\n")
    assert code == 0
    assert server.paths() == ["POST /v1/passwordResets", "POST /v1/passwordResets:confirm"]
    assert json.loads(server.asked[1].content) == {"token": MAILED, "new_password": NEW}
    assert MAILED not in err
    for line in (
        "Access tokens ended: 2",
        "Webhooks off until you confirm them (smelt webhooks confirm): 1",
        "Jobs paused until you resume them (smelt jobs resume): 1",
        "API keys not used until you activate one (smelt keys activate): 1",
    ):
        assert f"{line}\n" in err
    server.says({"ended": ENDED | {"pending": True}})
    arguments = ("password", "reset", "--mailed", "--stdin", "--url", URL, "--json")
    code, out, err = smelt(*arguments, stdin=f"{MAILED}\n{NEW}\n")
    assert (code, json.loads(out)["ended"]["webhooks"]) == (0, 1)
    assert "still being suspended" in err


def test_the_token_of_this_device_is_kept_for_the_next_login(server: Server, smelt: Smelt) -> None:
    for _ in range(2):
        server.says({"session": SESSION, "token": TOKEN, "device_token": DEVICE}, 201)
        server.says({"name": "accessTokens/t1", "token": "smelt_pat_x"}, 201).says({})
        arguments = ("login", "ada@example.com", "--url", URL, "--password-stdin")
        code, out, err = smelt(*arguments, stdin=f"{OLD}\n")
        assert (code, DEVICE in out + err) == (0, False)
    first, second = (json.loads(server.asked[number].content) for number in (0, 3))
    assert "device_token" not in first
    assert second["device_token"] == DEVICE
    kept = login_file().with_name("device.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert device_token("https://another.test") == ""


def test_sessions_are_listed_and_ended(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    server.says({"sessions": [{**SESSION, "current": True}], "next_page_token": ""})
    server.says({}).says({"revoked": 3})
    code, out, _ = smelt("sessions", "list")
    assert (code, out.split("\t")[:3]) == (0, ["sessions/s1", "current", "smelt-python"])
    assert smelt("sessions", "revoke", "s2", "--yes")[0] == 0
    code, out, _ = smelt("sessions", "revoke", "--others", "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"revoked": 3})
    assert server.paths() == ["GET /v1/sessions", "DELETE /v1/sessions/s2", "POST /v1/sessions:revokeOthers"]


@pytest.mark.parametrize("arguments", [(), ("s2", "--others")])
def test_ending_sessions_without_saying_which_ends_none(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    save(Login(URL, "", TOKEN))
    assert smelt("sessions", "revoke", *arguments)[0] == 2
    assert server.asked == []
