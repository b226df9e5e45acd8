"""Tokens, exports, leaving: commands that need a session ask for the password, and show no secret."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from smelt_client.cli.logins import Login, forget, load, login_file, save

from tests.unit.client.conftest import URL, Server, Smelt

PASSWORD = "correct horse battery"
PAT = "smelt_pat_kept-on-this-machine"
ME = {"name": "users/u1", "email": "ada@example.com"}
SESSION = {"session": {"name": "sessions/s1"}, "token": "of-the-session"}
TOKEN = {
    "name": "accessTokens/t2",
    "display_name": "nightly",
    "scopes": ["read"],
    "create_time": "2026-11-23T10:00:00Z",
    "expire_time": "2027-02-21T10:00:00Z",
    "last_used_time": None,
}


@pytest.fixture(autouse=True)
def logged_in() -> None:
    save(Login(URL, "", PAT))


def test_a_token_is_made_with_a_session_and_printed_once(server: Server, smelt: Smelt) -> None:
    server.says(ME).says(SESSION, 201).says({**TOKEN, "token": "smelt_pat_new"}, 201).says({})
    code, out, err = smelt("tokens", "create", "nightly", "--read-only", "--password-stdin", stdin=PASSWORD)
    assert (code, out) == (0, "smelt_pat_new\n")
    assert server.paths() == [
        "GET /v1/users/me",
        "POST /v1/sessions",
        "POST /v1/accessTokens",
        "DELETE /v1/sessions/current",
    ]
    assert server.body(2)["scopes"] == ["read"]
    assert server.asked[2].headers["authorization"] == "Bearer of-the-session"
    assert "idempotency-key" not in server.asked[2].headers
    assert not any(secret in err for secret in (PASSWORD, PAT, "smelt_pat_new", "of-the-session"))


def test_the_session_ends_also_when_the_work_fails(server: Server, smelt: Smelt) -> None:
    server.says(ME).says(SESSION, 201).refuses(404, "ACCESS_TOKEN_NOT_FOUND").says({})
    assert smelt("tokens", "revoke", "accessTokens/t2", "--password-stdin", stdin=PASSWORD)[0] == 3
    assert server.paths()[-2:] == ["DELETE /v1/accessTokens/t2", "DELETE /v1/sessions/current"]


def test_with_a_session_in_use_no_password_is_asked_for(
    server: Server, smelt: Smelt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMELT_TOKEN", "a-session-of-mine")
    server.says({"access_tokens": [TOKEN], "next_page_token": ""})
    code, out, _ = smelt("tokens", "list", "--json")
    assert (code, json.loads(out)[0]["name"]) == (0, "accessTokens/t2")
    assert server.paths() == ["GET /v1/accessTokens"]


def test_an_export_is_waited_for_and_written_whole(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    export: dict[str, Any] = {"name": "dataExports/e1", "state": "PENDING", "size_bytes": "0", "sha256": ""}
    done = {**export, "state": "COMPLETED", "size_bytes": "3"}
    server.says(ME).says(SESSION, 201).says(export, 201).says(done)
    server.streams(b"ZIP", content_length="3").says({})
    target = tmp_path / "mine.zip"
    code, _, err = smelt("account", "export", "-o", str(target), "--password-stdin", stdin=PASSWORD)
    assert (code, target.read_bytes()) == (0, b"ZIP"), err
    assert server.paths()[4] == "GET /v1/dataExports/e1:download"


def test_leaving_needs_the_password_and_the_address(server: Server, smelt: Smelt) -> None:
    server.says(ME).says(SESSION, 201).says({})
    code, _, err = smelt("account", "delete", "--password-stdin", stdin=PASSWORD)
    assert (code, "nothing was deleted" in err) == (2, True)
    assert "POST /v1/users/me:delete" not in server.paths()
    server.says(ME).says(SESSION, 201).says({}).says({})
    code, _, err = smelt(
        "account", "delete", "--confirm", "ada@example.com", "--password-stdin", stdin=PASSWORD
    )
    assert (code, load()) == (0, None), err
    assert server.body(-2) == {"password": PASSWORD}


class Keyring(types.ModuleType):
    """A keyring that stores passwords, as the package would."""

    priority = 5

    def __init__(self) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_keyring(self) -> Keyring:
        return self

    def set_password(self, service: str, user: str, secret: str) -> None:
        if self.broken:
            raise RuntimeError("locked")
        self.kept[service, user] = secret

    def get_password(self, service: str, user: str) -> str | None:
        return self.kept.get((service, user))

    def delete_password(self, service: str, user: str) -> None:
        del self.kept[service, user]


def test_a_keyring_keeps_the_token_and_the_file_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert save(Login(URL, "", PAT)) == "the system's keyring"
    assert PAT not in login_file().read_text()
    assert load() == Login(URL, "", PAT)
    forget()
    assert (keyring.kept, login_file().exists()) == ({}, False)


def test_a_keyring_that_does_not_work_leaves_it_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = Keyring()
    keyring.broken = True
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert save(Login(URL, "", PAT)) == str(login_file())
    assert load() == Login(URL, "", PAT)
    keyring.priority = 0
    assert save(Login(URL, "", PAT)) == str(login_file())


def test_what_services_do_by_themselves_folds_away(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", "smelt_pat_x"))
    mine = {"name": "auditEvents/1", "action": "sign-in", "outcome": "ok"}
    theirs = {"name": "auditEvents/2", "action": "revoke-grant", "outcome": "ok", "automatic": True}
    for _ in range(2):
        server.says({"audit_events": [theirs, mine]})
    assert "revoke-grant" not in smelt("account", "events")[1]
    assert "revoke-grant" in smelt("account", "events", "--all")[1]
