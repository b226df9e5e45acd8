"""Commands for the account as a whole: its history, the export of its data, and its deletion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import SmeltError
from . import logins
from .common import AsJson, Fields, Limit, Quiet, WrongUsage, group, logged_in
from .printing import Output, when
from .session import PasswordStdin, signed_in

account = group("History, export and deletion of the account.")


@account.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="ZIP file to write.")],
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Export everything held about you, as a ZIP.

    It has JSON and CSV files, and never a key. It asks for the password, because an access token may not do
    this.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with signed_in(password_stdin=password_stdin) as who:
        begun = who.client.account.create_export()
        out.message("Assembling the export ...")
        done = who.client.account.wait_export(begun.name)
        if done.state != "COMPLETED":
            raise SmeltError("the server could not assemble the export; try again")
        size = who.client.account.download_export(done.name, output, sha256=done.sha256)
    if as_json:
        out.json({"name": done.name, "path": str(output), "size_bytes": size})
    out.message(f"Wrote {size} bytes to {output}. It contains all your data: store it safely")


@account.command()
def events(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what services did by themselves, such as ending a grant.")
    ] = False,
    limit: Limit = None,
    fields: Fields = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the history of the account and its keys, newest first."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "TIME": lambda event: when(event.time),
        "ACTION": lambda event: event.action,
        "OUTCOME": lambda event: event.outcome,
        "OBJECT": lambda event: event.object,
        "FROM": lambda event: event.client_address,
    }
    with logged_in() as client:
        out.items((event for event in client.account.events() if everything or not event.automatic), columns)


@account.command()
def delete(
    sure: Annotated[
        str, typer.Option("--confirm", help="Your e-mail address, to confirm without a terminal.")
    ] = "",
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Delete the account and everything in it, for good."""
    out = Output(as_json=as_json, quiet=quiet)
    with signed_in(password_stdin=password_stdin, always_ask=True) as who:
        out.message("This deletes all files, jobs, results, templates and API keys. This cannot be undone.")
        typed = sure
        if not typed and sys.stdin.isatty():
            typed = typer.prompt(f"Type {who.email} to continue", err=True)
        if typed.strip() != who.email:
            raise WrongUsage(
                "nothing was deleted; to confirm, type the account's e-mail address or give it with --confirm"
            )
        who.client.account.delete(who.password)
    logins.forget()
    if as_json:
        out.json({})
    out.message("The account has been deleted")
