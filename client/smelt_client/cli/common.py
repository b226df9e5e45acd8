"""What all commands share: common options and the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from ..client import Client
from ..endpoint import Endpoint
from .logins import endpoint_in_use

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors on stderr.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Print at most this many.", show_default=False)
]
Fields = Annotated[
    str | None,
    typer.Option(
        "--fields",
        metavar="A,B.C",
        help="Print only these fields, named as --json names them.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


MaxCost = Annotated[
    str | None,
    typer.Option(
        "--max-cost", metavar="USD", help="Pause the job before it would cost more.", show_default=False
    ),
]

SendBlankRows = Annotated[
    bool,
    typer.Option("--send-blank-rows", help="Send rows too in which all columns that are used are blank."),
]


class WrongUsage(typer.TyperException):
    """The command line is wrong; nothing was sent."""

    exit_code = 2


def client_of(endpoint: Endpoint) -> Client:
    """Return a client for an endpoint."""
    return Client(endpoint.url, endpoint.token, ca_file=endpoint.ca_file)


@contextmanager
def logged_in() -> Iterator[Client]:
    """Yield a client with the current token."""
    with client_of(endpoint_in_use()) as client:
        yield client


def group(text: str) -> typer.Typer:
    """Return a group of commands."""
    return typer.Typer(help=text, no_args_is_help=True, pretty_exceptions_enable=False)
