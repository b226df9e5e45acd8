"""The command that opens the web console in a browser."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import typer

from ..errors import SmeltError
from . import logins
from .common import client_of
from .printing import error_line

_PAGE = "/sign-in"


def open_console(
    show: Annotated[bool, typer.Option("--print", help="Print the address instead of opening it.")] = False,
) -> None:
    """Open the web console in a browser. It has a session of its own, so sign in there once."""
    endpoint = logins.endpoint_to_enter(None, None)
    address = f"{endpoint.url}/"
    with client_of(endpoint) as client:
        try:
            answer = client.request("GET", _PAGE)
        except SmeltError as error:
            print(error_line(f"{address} cannot be reached: {error}"), file=sys.stderr)
            raise typer.Exit(1) from None
    if not answer.headers.get("content-type", "").startswith("text/html"):
        said = f"{endpoint.url} serves no console; its operator can build one with `make console`"
        print(error_line(said), file=sys.stderr)
        raise typer.Exit(1)
    if show or not webbrowser.open(address):
        print(address)
