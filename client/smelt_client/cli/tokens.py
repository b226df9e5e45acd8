"""Commands for access tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from . import asking
from .common import AsJson, Fields, Limit, Quiet, WrongUsage, Yes, group
from .names import completing, found
from .printing import Output, when
from .session import PasswordStdin, signed_in

tokens = group(
    "Create, list and revoke access tokens for scripts. A token is shown once, when it is created."
)

Token = Annotated[
    str, typer.Argument(help="accessTokens/ID, or just the ID.", autocompletion=completing("accessTokens"))
]


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    read_only: Annotated[
        bool, typer.Option("--read-only", help="The token can read but not change anything.")
    ] = False,
    days: Annotated[int, typer.Option(help="Days until it expires, at most 366.")] = 90,
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Create an access token and print it. Save it now: it is never shown again."""
    if days < 1:
        raise WrongUsage("--days must be at least 1")
    out = Output(as_json=as_json, quiet=quiet)
    with signed_in(password_stdin=password_stdin) as who:
        made = who.client.access_tokens.create(
            name,
            ["read"] if read_only else ["read", "write"],
            # Five minutes less, so that a clock that is fast does not exceed the maximum.
            expire_time=datetime.now(UTC) + timedelta(days=days, minutes=-5),
        )
    if as_json:
        out.json({"name": made.name, "expire_time": made.expire_time, "token": made.token})
    else:
        print(made.token)
    out.message(f"Created {made.name}, which expires {when(made.expire_time)}. Use it as SMELT_TOKEN")


@tokens.command("list")
def list_tokens(
    password_stdin: PasswordStdin = False,
    limit: Limit = None,
    fields: Fields = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the access tokens.

    It asks for the password, because an access token may not read them.
    """
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda token: token.name,
        "FOR": lambda token: token.display_name,
        "SCOPES": lambda token: ",".join(token.scopes),
        "ENDS": lambda token: when(token.expire_time),
        "LAST USED": lambda token: when(token.last_used_time) or "never",
    }
    with signed_in(password_stdin=password_stdin) as who:
        out.items(list(who.client.access_tokens.list()), columns)


@tokens.command()
def revoke(
    token: Token,
    password_stdin: PasswordStdin = False,
    yes: Yes = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Revoke an access token. The server refuses it from then on."""
    out = Output(as_json=as_json, quiet=quiet)
    asking.confirm(f"Revoke {token}?", yes=yes or password_stdin)
    with signed_in(password_stdin=password_stdin) as who:
        who.client.access_tokens.delete(found(who.client, "accessTokens", token))
    if as_json:
        out.json({})
    out.message(f"Revoked {token}")
