"""Commands for API keys of a provider."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from ..models import ApiKey
from . import asking
from .common import AsJson, Fields, Limit, Quiet, Yes, group, logged_in
from .names import completing, found
from .printing import Output, when

keys = group("Add, activate, test and delete API keys. A saved key is never shown again.")


class Kind(Enum):
    """The kinds of keys, as options say them."""

    OPENAI = "openai"
    AZURE_OPENAI = "azure-openai"


Key = Annotated[str, typer.Argument(help="apiKeys/ID, or just the ID.", autocompletion=completing("apiKeys"))]


@keys.command()
def add(
    label: Annotated[str, typer.Option(help="A label to recognise the key by.")] = "",
    base_url: Annotated[
        str, typer.Option(help="Base URL of an OpenAI-compatible endpoint; OpenAI if missing.")
    ] = "",
    kind: Annotated[
        Kind, typer.Option(help="How the key is sent: as OpenAI and most others want it, or as Azure does.")
    ] = Kind.OPENAI,
    timeout: Annotated[
        int,
        typer.Option(
            min=0, max=900, help="Seconds that the provider may take for one answer, 5 to 900; 0: the usual."
        ),
    ] = 0,
    secret_stdin: Annotated[bool, typer.Option("--secret-stdin", help="Read the key from stdin.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Save an API key in the vault. It is prompted for without echo, or read from stdin."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        secret = asking.secret("API key", from_stdin=secret_stdin, option="--secret-stdin").strip()
        key = client.api_keys.create(
            secret,
            label=label,
            base_url=base_url,
            kind="" if kind is Kind.OPENAI else kind.name,
            timeout_seconds=timeout,
        )
    _show(out, key)


@keys.command("list")
def list_keys(
    limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the keys. The active one is marked."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda key: key.name,
        "ACTIVE": lambda key: "active" if key.active else "",
        "LABEL": lambda key: key.label,
        "ENDS IN": lambda key: key.hint,
        "BASE URL": lambda key: key.base_url,
        "ADDED": lambda key: when(key.create_time),
        "TESTED": _tested,
        "USED": lambda key: when(key.last_used_time),
    }
    with logged_in() as client:
        out.items(client.api_keys.list(), columns)


@keys.command()
def show(key: Key, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show a key's details. The key itself is never shown."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.api_keys.get(found(client, "apiKeys", key)))


@keys.command()
def rm(key: Key, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a key. Running jobs stop using it at once."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        asking.confirm(f"Delete {key}?", yes=yes)
        client.api_keys.delete(found(client, "apiKeys", key))
    if as_json:
        out.json({})
    out.message(f"Deleted {key}")


@keys.command()
def activate(key: Key, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Make a key the active one, which new jobs use."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.api_keys.activate(found(client, "apiKeys", key)))


@keys.command()
def uses(
    key: Key, limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List when a key was used, and for which job."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "LAST": lambda use: when(use.end_time),
        "JOB": lambda use: use.job,
        "CALLS": lambda use: use.count,
        "OUTCOME": lambda use: use.reason or use.outcome.lower(),
        "FIRST": lambda use: when(use.start_time),
    }
    with logged_in() as client:
        out.items(client.api_keys.uses(found(client, "apiKeys", key)), columns)


@keys.command("test")
def try_key(
    key: Key,
    model: Annotated[
        str, typer.Option(help="The only model to ask; if missing, those of your templates.")
    ] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Test a key as rows would use it.

    It costs a token or so for each model. The exit code is 0 if the key is VALID, or 1.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        test = client.api_keys.test(found(client, "apiKeys", key), model=model)
    fields = {"name": test.name, "result": test.result, "message": test.message}
    if test.provider_message:
        fields["provider said"] = test.provider_message
    for asked in test.models:
        told = ["works" if asked.works else asked.message]
        if asked.provider_message:
            told.append(f"the provider said: {asked.provider_message}")
        if asked.refused_parameters:
            told.append(f"sent without {', '.join(asked.refused_parameters)}")
        fields[asked.model] = "; ".join(told)
    if test.models_left_out:
        fields["not asked"] = ", ".join(test.models_left_out)
    out.one(test, fields)
    if not test.is_valid:
        raise typer.Exit(1)


def _tested(key: ApiKey) -> str:
    return f"{key.last_test_result} {when(key.last_tested_time)}" if key.last_tested_time else ""


def _show(out: Output, key: ApiKey) -> None:
    fields = {
        "name": key.name,
        "label": key.label,
        "ends in": key.hint,
        "base URL": key.base_url,
        "kind": key.kind.lower().replace("_", "-"),
        "timeout": f"{key.timeout_seconds} s" if key.timeout_seconds else "",
        "active": "yes" if key.active else "no",
        "added": when(key.create_time),
        "tested": _tested(key),
        "used": when(key.last_used_time),
    }
    out.one(key, fields)
