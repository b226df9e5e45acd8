"""Logging in and out: where the token is kept, and to which server it is sent."""

from __future__ import annotations

import getpass
import io
import json
import stat
from pathlib import Path

import pytest
from smelt_client.cli.logins import Login, endpoint_in_use, endpoint_to_enter, load, login_file, save

from tests.unit.client.conftest import TOKEN, URL, Server, Smelt

PASSWORD = "correct horse battery"
SESSION = {
    "session": {"name": "sessions/s1", "expire_time": "2026-12-23T10:00:00Z"},
    "token": "of-the-session",
}
MADE = {"name": "accessTokens/t1", "expire_time": "2026-12-23T10:00:00Z", "token": TOKEN}


def stack_json(folder: Path, url: str = "https://127.0.0.1:18443") -> Path:
    folder.mkdir(parents=True)
    (folder / "stack.json").write_text(json.dumps({"gateway_url": url, "ca_file": "/ca.pem", "pids": {}}))
    return folder


def test_a_login_is_kept_for_its_owner_only(server: Server, smelt: Smelt) -> None:
    server.says(SESSION, 201).says(MADE, 201).says({})
    code, out, err = smelt(
        "login", "ada@example.com", "--url", URL, "--password-stdin", stdin=PASSWORD + "\n"
    )
    assert (code, out) == (0, "")
    assert server.body(0) == {"email": "ada@example.com", "password": PASSWORD}
    assert server.body(1)["scopes"] == ["read", "write"]
    # The session was only needed to create the token, so it ends.
    assert server.paths()[1:] == ["POST /v1/accessTokens", "DELETE /v1/sessions/current"]
    assert all(request.headers["authorization"] == "Bearer of-the-session" for request in server.asked[1:])
    assert stat.S_IMODE(login_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(login_file().parent.stat().st_mode) == 0o700
    assert load() == Login(url=URL, ca_file="", token=TOKEN)
    assert TOKEN not in err + out


def test_a_kept_login_is_used_and_forgotten_at_logout(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    server.says({"name": "users/u1", "email": "ada@example.com"}).says({})
    code, out, _ = smelt("whoami", "--json")
    assert (code, json.loads(out)["email"]) == (0, "ada@example.com")
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert smelt("logout")[0] == 0
    assert server.paths()[1] == "DELETE /v1/sessions/current"
    assert load() is None
    assert smelt("whoami") == (4, "", "error: not logged in; use `smelt login`\n")


def test_logging_out_ends_the_access_token(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", "smelt_pat_x"))
    server.says({})
    assert smelt("logout")[0] == 0
    assert (server.paths(), load()) == (["DELETE /v1/accessTokens/current"], None)


def test_a_logout_forgets_the_token_even_when_the_server_is_away(server: Server, smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    server.refuses(403, "NOT_ALLOWED")
    code, _, err = smelt("logout")
    assert (code, load()) == (1, None)
    assert "the server may still accept it" in err


def test_a_wrong_password_ends_with_4_and_keeps_nothing(server: Server, smelt: Smelt) -> None:
    server.refuses(401, "UNAUTHENTICATED", "wrong e-mail or password", x_request_id="r-7")
    code, _, err = smelt("login", "ada@example.com", "--url", URL, "--password-stdin", stdin=PASSWORD)
    assert (code, err) == (4, "error: wrong e-mail or password (UNAUTHENTICATED, r-7)\n")
    assert not login_file().exists()


def test_registering_asks_twice_at_a_prompt_without_echo(
    server: Server, smelt: Smelt, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = [PASSWORD, PASSWORD, PASSWORD, "another one"]
    monkeypatch.setattr(getpass, "getpass", lambda prompt: typed.pop(0))
    terminal = type("Terminal", (io.StringIO,), {"isatty": lambda self: True})
    server.says({"name": "users/u1", "email": "ada@example.com"}, 201)
    monkeypatch.setattr("io.StringIO", terminal)
    assert smelt("register", "ada@example.com", "--url", URL)[0] == 0
    assert server.body()["password"] == PASSWORD
    code, _, err = smelt("register", "ada@example.com", "--url", URL)
    assert (code, err) == (2, "error: the two entries differ; try again\n")


def test_without_a_terminal_a_secret_must_come_from_stdin(smelt: Smelt) -> None:
    code, _, err = smelt("login", "ada@example.com", "--url", URL, stdin=PASSWORD)
    assert code == 2
    assert "--password-stdin" in err
    assert PASSWORD not in err


def test_a_login_that_others_may_read_is_not_used(smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    login_file().chmod(0o644)
    code, _, err = smelt("whoami")
    assert code == 2
    assert "other users can read" in err


def test_a_damaged_login_says_so(smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    login_file().write_text('{"url"')
    code, _, err = smelt("whoami")
    assert code == 2
    assert "damaged" in err


def test_a_kept_token_is_shown_to_no_other_server(monkeypatch: pytest.MonkeyPatch, smelt: Smelt) -> None:
    save(Login(URL, "", TOKEN))
    monkeypatch.setenv("SMELT_URL", "https://other.test")
    assert smelt("whoami")[0] == 4


def test_the_environment_goes_before_a_kept_login(monkeypatch: pytest.MonkeyPatch) -> None:
    save(Login(URL, "", TOKEN))
    monkeypatch.setenv("SMELT_TOKEN", "from-environment")
    monkeypatch.setenv("SMELT_URL", "https://other.test/")
    used = endpoint_in_use()
    assert (used.url, used.token) == ("https://other.test", "from-environment")


def test_a_stack_on_this_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack_json(tmp_path / ".smelt")
    found = endpoint_to_enter(None, None)
    assert (found.url, found.ca_file) == ("https://127.0.0.1:18443", "/ca.pem")
    elsewhere = stack_json(tmp_path / "state", "https://localhost:28443")
    monkeypatch.setenv("SMELT_STATE_DIR", str(elsewhere))
    assert endpoint_to_enter(None, None).url == "https://localhost:28443"
    assert endpoint_to_enter("https://localhost:1", None).ca_file == "/ca.pem"
    assert endpoint_to_enter(URL, None).ca_file == ""


def test_a_stack_file_that_names_another_machine_is_not_believed(tmp_path: Path) -> None:
    stack_json(tmp_path / ".smelt", "https://evil.test")
    assert endpoint_to_enter(None, None).url == "https://localhost:8443"


def test_a_broken_stack_file_is_passed_over(tmp_path: Path) -> None:
    (stack_json(tmp_path / ".smelt") / "stack.json").write_text("{")
    assert endpoint_to_enter(None, None).url == "https://localhost:8443"


def test_a_bad_address_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, smelt: Smelt) -> None:
    for url in ("https://x:port", "http://far.test", "nonsense"):
        monkeypatch.setenv("SMELT_URL", url)
        monkeypatch.setenv("SMELT_TOKEN", TOKEN)
        code, _, err = smelt("whoami")
        assert code == 2, url
        assert TOKEN not in err
