"""The command that opens the console: only where there is one, and it says where if no browser is there."""

import webbrowser

import pytest

from tests.unit.client.conftest import Server, Smelt


def has_console(server: Server) -> None:
    server.streams(b"<!doctype html>", content_type="text/html; charset=utf-8")


@pytest.mark.parametrize("there", [True, False])
def test_the_console_is_opened_or_its_address_is_printed(
    server: Server, smelt: Smelt, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return there

    monkeypatch.setattr(webbrowser, "open", browser)
    has_console(server)
    code, out, _ = smelt("open")
    (address,) = opened
    assert (code, out) == (0, "" if there else f"{address}\n")
    has_console(server)
    assert smelt("open", "--print")[:2] == (0, f"{address}\n")
    assert opened == [address]


def test_where_there_is_no_console_the_command_says_so(server: Server, smelt: Smelt) -> None:
    server.streams(b"Sign in", content_type="text/plain; charset=utf-8")
    code, out, err = smelt("open")
    assert (code, out) == (1, "")
    assert "serves no console" in err
