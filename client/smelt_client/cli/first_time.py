"""Asks a person at a terminal for what a first run lacks: a login, an API key, a template, a place to write.

Without a terminal nothing is asked, and the command that needs it says what is missing.
"""

from __future__ import annotations

from pathlib import Path

import typer

from ..client import Client
from ..models import File, Template
from . import asking, login, logins
from .common import WrongUsage
from .logins import NoLogin
from .printing import Output, clean, short

NEW = "n"


def log_in(out: Output) -> None:
    """Register and log in a person who is not; do nothing for others, and without a terminal."""
    try:
        logins.endpoint_in_use()
    except NoLogin:
        if not asking.at_a_terminal():
            raise
        endpoint = logins.endpoint_to_enter(None, None)
        out.message(f"You are not logged in at {endpoint.url}.")
        email = asking.email(None)
        if not typer.confirm("Do you have an account there?", err=True):
            login.register(email, quiet=out.quiet)
        login.login(email, quiet=out.quiet)


def add_key(client: Client, out: Output) -> None:
    """Save an API key for a person who has none; do nothing for others, and without a terminal."""
    if not asking.at_a_terminal() or next(iter(client.api_keys.list()), None) is not None:
        return
    out.message("You have no API key yet. The vault keeps it, and never shows it again.")
    if not typer.confirm(
        "Add one now? Without it, the installation's own key is used if there is one.", err=True
    ):
        return
    base_url = typer.prompt(
        "Base URL of the provider (Enter for OpenAI)", default="", show_default=False, err=True
    )
    secret = asking.secret("API key", from_stdin=False, option="").strip()
    key = client.api_keys.create(secret, base_url=base_url)
    out.message(f"Saved it. To test it: smelt keys test {short(key.name)}")


def template(client: Client, out: Output, file: File) -> str:
    """Return the name of the template that the person chooses, or writes for the columns of a file."""
    columns = tuple(column.name for column in file.columns)
    own = list(client.templates.list())
    for number, each in enumerate(own, start=1):
        out.message(f"{number:>3}  {each.display_name}: {_beginning(each.prompt)}")
    if not own:
        return _new(client, out, columns).name
    while True:
        answer: str = typer.prompt(f"Template, or {NEW} for a new one", err=True)
        if answer.strip().lower() == NEW:
            return _new(client, out, columns).name
        if answer.isdecimal() and 1 <= int(answer) <= len(own):
            return own[int(answer) - 1].name
        out.message(f"Type a number from 1 to {len(own)}, or {NEW}.")


def place(file: str) -> str:
    """Return where the person wants the result."""
    if not asking.at_a_terminal():
        raise WrongUsage("the file to write is missing; name it with -o")
    usual = f"{Path(file).stem}-result.csv"
    answer: str = typer.prompt("Write the result to", default=usual, err=True)
    return answer


def _new(client: Client, out: Output, columns: tuple[str, ...]) -> Template:
    out.message(f"Write a prompt. A column's name in double braces stands for its cell: {_holes(columns)}")
    prompt = typer.prompt("Prompt", err=True)
    column = typer.prompt("Name of the new column", err=True)
    return client.templates.create(column, prompt, output_column=column)


def _holes(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{{{{{clean(column)}}}}}" for column in columns[:10])


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 50 else f"{line[:49]}…"
