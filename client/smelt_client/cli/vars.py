"""Commands for custom variables, models and the usage meter."""

from __future__ import annotations

from typing import Annotated

import typer

from ..client import Client
from ..errors import NotFound
from ..models import Variable
from .common import AsJson, Fields, Limit, Quiet, group, logged_in
from .printing import Output, when

variables = group("Values of {{$Name}} in prompts, for all rows.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The name as in prompts, without braces and $: Sender.")
]


@variables.command("list")
def list_variables(
    limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the variables."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda variable: variable.display_name,
        "VALUE": lambda variable: variable.value,
        "CHANGED": lambda variable: when(variable.update_time),
    }
    with logged_in() as client:
        out.items(client.variables.list(), columns)


@variables.command("set")
def set_variable(
    name: Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The text that replaces it in prompts.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Create a variable, or change the value of an existing one."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        known = _find(client, name)
        stored = client.variables.update(known.name, value) if known else client.variables.create(name, value)
    out.one(stored, {"name": stored.name, "variable": stored.display_name, "value": stored.value})


@variables.command()
def rm(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a variable. Jobs that have started keep it."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        known = _find(client, name)
        if known is None:
            raise NotFound(f"you have no variable {name}", reason="VARIABLE_NOT_FOUND", status=404)
        client.variables.delete(known.name)
    if as_json:
        out.json({})
    out.message(f"Deleted {known.display_name}")


def models(limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the models whose prices the server knows. Templates may name any other, too."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "MODEL": lambda model: model.id,
        "THINKS": lambda model: "thinks" if model.reasoning else "",
        "$ PER 1M TOKENS IN": lambda model: model.input_price_usd,
        "OUT": lambda model: model.output_price_usd,
    }
    with logged_in() as client:
        out.items(client.models.list(), columns)


def usage(
    month: Annotated[
        str, typer.Option(help="The month, YYYY-MM; this month if missing.", show_default=False)
    ] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show what the account has used in a month."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        told = client.usage.get(month=month or None)
    fields = {
        "plan": told.plan,
        "since": told.period_start,
        "used": told.used,
        "left": f"{told.left} of {told.limit} ({told.percent} % used)"
        if told.limit is not None
        else "no limit",
    }
    for part in (*told.days, *told.models):
        about = "about " if part.tokens_estimated else ""
        cost = f"{about}${part.cost_usd}" if part.cost_usd else "cost unknown"
        tokens = f"{about}{part.input_tokens} tokens in, {part.output_tokens} out"
        fields[part.day or part.model] = f"{part.used} used, {tokens}, {cost}"
    out.one(told, fields)


def _find(client: Client, name: str) -> Variable | None:
    folded = name.removeprefix("$").strip().casefold()
    return next((one for one in client.variables.list() if one.display_name.casefold() == folded), None)
