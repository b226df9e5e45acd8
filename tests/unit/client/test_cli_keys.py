"""API keys on the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from smelt_client.cli.app import app

from tests.unit.client.conftest import TOKEN, Server, Smelt

SECRET = "sk-abcdefghijklmnopqrstuvwxyz"
KEY = {"name": "apiKeys/k1", "label": "mine", "hint": "wxyz", "base_url": "", "active": True}


pytestmark = pytest.mark.usefixtures("logged_in")


def test_a_key_comes_from_stdin_and_is_shown_nowhere(server: Server, smelt: Smelt) -> None:
    server.says(KEY, 201)
    code, out, err = smelt(
        "keys",
        "add",
        "--label",
        "mine",
        "--base-url",
        "https://llm.test/v1",
        "--secret-stdin",
        stdin=f"{SECRET}\n",
    )
    assert code == 0
    assert server.body() == {"secret": SECRET, "label": "mine", "base_url": "https://llm.test/v1"}
    assert "wxyz" in out
    assert SECRET not in out + err


def test_a_key_for_azure_is_added_with_its_kind_and_its_time(server: Server, smelt: Smelt) -> None:
    url = "https://acme.openai.azure.com/openai/v1"
    server.says({**KEY, "base_url": url, "kind": "AZURE_OPENAI", "timeout_seconds": 300}, 201)
    options = ("--kind", "azure-openai", "--base-url", url, "--timeout", "300", "--secret-stdin")
    code, out, _ = smelt("keys", "add", *options, stdin=f"{SECRET}\n")
    assert code == 0
    assert server.body() == {
        "secret": SECRET,
        "base_url": url,
        "kind": "AZURE_OPENAI",
        "timeout_seconds": 300,
    }
    assert "azure-openai" in out
    assert "300 s" in out


def test_a_key_as_an_argument_is_refused_and_not_repeated(server: Server, smelt: Smelt) -> None:
    for arguments in (("keys", "add", SECRET), ("keys", "add", "--secret", SECRET)):
        code, out, err = smelt(*arguments)
        assert code == 2
        assert SECRET not in out + err
    assert server.asked == []


def test_no_command_takes_a_secret_as_an_option_or_from_the_environment() -> None:
    secret_words = ("secret", "password", "token", "key")
    # `--end-access-tokens` is a flag.
    limits = {"--max-tokens", "--max-completion-tokens"}
    allowed = {"--password-stdin", "--secret-stdin", "--api-key", "--end-access-tokens"} | limits

    def options(command: Any) -> list[str]:
        assert not [p for p in command.params if getattr(p, "envvar", None)]
        own = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
        return own + [name for inner in getattr(command, "commands", {}).values() for name in options(inner)]

    import typer.main

    found = options(typer.main.get_command(app))
    assert "--json" in found
    assert {name for name in found if any(word in name for word in secret_words)} == allowed


def test_keys_are_listed_as_lines_and_as_json(server: Server, smelt: Smelt) -> None:
    server.says({"api_keys": [KEY]}).says({"api_keys": [KEY]})
    assert smelt("keys", "list")[1] == "apiKeys/k1\tactive\tmine\twxyz\t\t\t\t\n"
    assert json.loads(smelt("keys", "list", "--json")[1]) == [KEY]


def test_the_uses_of_a_key_are_listed_over_all_pages(server: Server, smelt: Smelt) -> None:
    released = {"job": "jobs/j1", "outcome": "RELEASED", "reason": "", "count": 20}
    refused = {"job": "jobs/j1", "outcome": "REFUSED", "reason": "GRANT_EXPIRED", "count": 1}
    server.says({"uses": [released], "next_page_token": "t"}).says({"uses": [refused]})
    lines = smelt("keys", "uses", "apiKeys/k1")[1]
    assert lines == "\tjobs/j1\t20\treleased\t\n\tjobs/j1\t1\tGRANT_EXPIRED\t\n"
    assert server.paths() == ["GET /v1/apiKeys/k1/uses", "GET /v1/apiKeys/k1/uses?page_token=t"]


def test_a_list_of_keys_tells_their_last_test_and_use(server: Server, smelt: Smelt) -> None:
    times = {"last_tested_time": "2026-11-23T10:00:00Z", "last_used_time": "2026-11-24T10:00:00Z"}
    server.says({"api_keys": [{**KEY, "last_test_result": "NO_CREDITS", **times}]})
    *_, tested, used = smelt("keys", "list")[1].split("\t")
    assert tested.startswith("NO_CREDITS 2026-11-23")
    assert used.startswith("2026-11-24")


@pytest.mark.parametrize(
    ("result", "code"), [("VALID", 0), ("INVALID", 1), ("NO_CREDITS", 1), ("UNREACHABLE", 1)]
)
def test_trying_a_key_ends_with_0_only_when_it_is_valid(
    server: Server, smelt: Smelt, result: str, code: int
) -> None:
    said = {"name": "apiKeys/k1", "result": result, "message": "What the provider did", "test_time": None}
    server.says(said).says(said)
    assert smelt("keys", "test", "apiKeys/k1")[:2] == (
        code,
        f"name     apiKeys/k1\nresult   {result}\nmessage  What the provider did\n",
    )
    ended, out, err = smelt("keys", "test", "apiKeys/k1", "--model", "tiny", "--json")
    assert (ended, json.loads(out), err) == (code, said, "")
    assert server.paths() == ["POST /v1/apiKeys/k1:test"] * 2
    assert server.body() == {"model": "tiny"}


def test_a_test_of_a_key_says_of_each_model_whether_it_works(server: Server, smelt: Smelt) -> None:
    works = {
        "model": "mini",
        "works": True,
        "message": "The key works",
        "refused_parameters": ["temperature"],
    }
    fails = {
        "model": "huge",
        "works": False,
        "message": "It was refused",
        "provider_message": "No such model",
    }
    said = {"name": "apiKeys/k1", "result": "VALID", "message": "The key works", "models": [works, fails]}
    server.says({**said, "models_left_out": ["old", "older"]})
    _, out, _ = smelt("keys", "test", "apiKeys/k1")
    assert "mini       works; sent without temperature\n" in out
    assert "huge       It was refused; the provider said: No such model\n" in out
    assert "not asked  old, older\n" in out


def test_the_help_of_every_command_names_no_secret_and_tells_of_the_stack_file(smelt: Smelt) -> None:
    code, out, _ = smelt("--help")
    assert code == 0
    assert "stack.json" in out
    assert TOKEN not in out
    for command in ("login", "run", "keys", "files", "templates", "jobs"):
        code, out, _ = smelt(command, "--help")
        assert (code, TOKEN in out) == (0, False)
