"""Commands about the account as a whole: what happened, everything to take along, and leaving."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import logins
from .cli_common import AsJson, Quiet, WrongUsage, group, logged_in
from .cli_session import PasswordStdin, signed_in
from .errors import SmeltError
from .printing import Output, when

account = group("The account as a whole: what happened, everything to take along, and leaving.")


@account.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the ZIP.")],
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write everything that is held of you to a ZIP: JSON and CSV, never keys."""
    out = Output(as_json=as_json, quiet=quiet)
    with signed_in(password_stdin=password_stdin) as who:
        begun = who.client.account.create_export()
        out.message("Putting everything together ...")
        done = who.client.account.wait_export(begun.name)
        if done.state != "COMPLETED":
            raise SmeltError("the export failed; try again")
        size = who.client.account.download_export(done.name, output, sha256=done.sha256)
    if as_json:
        out.json({"name": done.name, "path": str(output), "size_bytes": size})
    out.message(f"Wrote {size} bytes to {output}. It holds all of your data: keep it well")


@account.command()
def events(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List what happened to the account and its keys, newest first."""
    out = Output(as_json=as_json, quiet=quiet)
    columns = {
        "TIME": lambda event: when(event.time),
        "ACTION": lambda event: event.action,
        "OUTCOME": lambda event: event.outcome,
        "OBJECT": lambda event: event.object,
        "FROM": lambda event: event.client_address,
    }
    with logged_in() as client:
        out.items(client.account.events(), columns)


@account.command()
def delete(
    sure: Annotated[
        str, typer.Option("--confirm", help="Your e-mail address, if there is no terminal to ask at.")
    ] = "",
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Delete the account with everything in it, for good."""
    out = Output(as_json=as_json, quiet=quiet)
    with signed_in(password_stdin=password_stdin, always_ask=True) as who:
        out.message("This deletes all files, jobs, results, templates and API keys. There is no way back.")
        typed = sure
        if not typed and sys.stdin.isatty():
            typed = typer.prompt(f"Type {who.email} to go on", err=True)
        if typed.strip() != who.email:
            raise WrongUsage("nothing was deleted: confirm with the account's e-mail address")
        who.client.account.delete(who.password)
    logins.forget()
    if as_json:
        out.json({})
    out.message("The account is deleted")
