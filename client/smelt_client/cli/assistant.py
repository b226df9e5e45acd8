"""The command that lets an assistant use the account."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from ..errors import SmeltError
from ..money import usd
from .common import WrongUsage, logged_in


def mcp(
    allow_run: Annotated[
        bool, typer.Option("--allow-run", help="Let the assistant start and end jobs.")
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="USD",
            help="What all jobs may cost together that it starts; required with --allow-run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve the account to an assistant, read-only by default.

    It speaks the Model Context Protocol over stdin and stdout.

    In the assistant's settings, name the command `smelt` and the argument `mcp`.
    """
    if allow_run != (budget is not None):
        raise WrongUsage("--allow-run and --budget belong together: give both or neither")
    try:
        from .. import assistants
    except ModuleNotFoundError as error:
        raise SmeltError(
            f"the package {error.name} is missing; install it: pip install 'smelt-client[mcp]'"
        ) from None
    money = None if budget is None else assistants.Budget(Decimal(usd(budget) or "0"))
    with logged_in() as client:
        assistants.server_of(client, money).run("stdio")
