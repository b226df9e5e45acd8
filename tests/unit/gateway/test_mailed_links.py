"""Each link that a mail can carry leads to a page that says what to do with it."""

import re

import pytest
from smelt_client.cli.app import app
from typer.testing import CliRunner

from gateway.bindings import load
from gateway.mailed_links import PAGES
from gateway.openapi import openapi
from services.auth.mail import letters


def test_every_mailed_link_has_its_page() -> None:
    paths = {link.partition("#")[0] for link in letters.LINKS.values()}
    assert paths == PAGES.keys()


@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_names_is_there(path: str) -> None:
    text = PAGES[path]
    (method,) = re.findall(r"^    POST (\S+)$", text, re.MULTILINE)
    assert "post" in openapi(load())["paths"][method]
    commands = re.findall(r"(?:^    |`)smelt ([a-z -]+?)`?$", text, re.MULTILINE)
    for command in [*commands, *re.findall(r"`smelt ([a-z -]+)`", text)]:
        words = [word for word in command.split() if not word.startswith("--")]
        options = [word for word in command.split() if word.startswith("--")]
        shown = CliRunner().invoke(app, [*words, "--help"])
        assert shown.exit_code == 0, command
        assert all(option in shown.output for option in options), command
