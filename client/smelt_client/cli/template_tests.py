"""Commands that preview and test templates, and copy them from the library."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import AsJson, Fields, Limit, Quiet, WrongUsage, logged_in
from .names import completing
from .printing import Output, clean
from .sources import check_source, on_server_meanwhile
from .templates import find_template, show_template

Mock = Annotated[
    list[str] | None,
    typer.Option(help="NAME=VALUE for a variable that has no value; can be repeated.", show_default=False),
]
Draft = Annotated[
    str | None,
    typer.Option("--prompt", help="A prompt that is not saved, in place of a template.", show_default=False),
]
#: The column of a prompt that is tried and not saved.
_DRAFT_COLUMN = "Answer"


def try_templates(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEMPLATE]...", help="In the order they run.", show_default=False),
    ] = None,
    *,
    file: Annotated[
        str, typer.Option("--file", "-f", help="The file to take rows from: a CSV here, or files/ID.")
    ],
    first_row: Annotated[int, typer.Option("--row", min=1, help="The first row.")] = 1,
    row_count: Annotated[int, typer.Option("--rows", min=1, max=10, help="How many rows.")] = 1,
    mock: Mock = None,
    prompt: Draft = None,
    api_key: Annotated[
        str | None, typer.Option(help="The API key to use; the active one if missing.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Test templates on a few rows and show every step. Each template and row counts as one usage.

    A prompt that is not saved runs last.
    """
    out = Output(as_json=as_json, quiet=quiet)
    mocks = dict(_pair(each) for each in mock or ())
    if not names and prompt is None:
        raise WrongUsage("name at least one template, or give a prompt with --prompt")
    check_source(file)
    with logged_in() as client, on_server_meanwhile(client, file) as source:
        tested = client.templates.test(
            [find_template(client, name) for name in names or ()],
            source,
            first_row=first_row,
            row_count=row_count,
            mock_values=mocks,
            api_key=api_key,
            draft=None if prompt is None else {"prompt": prompt, "output_column": _DRAFT_COLUMN},
        )
    if as_json:
        out.json(tested.raw)
        return
    if tested.mocked:
        made_up = ", ".join(f"{name}={value}" for name, value in tested.mocked.items())
        out.message(f"Filled in: {made_up}")
    for row in tested.rows:
        print(f"Row {row.number}, confidence {row.confidence}")
        for step in row.steps:
            print(f"  Step {step.number}: {clean(step.prompt, lines=True)}")
            for column, text in step.outputs.items():
                print(f"    {clean(column)}: {clean(text, lines=True)}")
            for column, text in step.raw_outputs.items():
                print(f"    {clean(column)} as the model gave it: {clean(text, lines=True)}")
            if step.flags:
                print(f"    flags: {clean(', '.join(step.flags))}")
            if step.error_reason:
                print(f"    error: {clean(step.error_message)} ({clean(step.error_reason)})")
            if step.provider_message:
                print(f"    the provider said: {clean(step.provider_message)}")
    if any(step.error_reason for row in tested.rows for step in row.steps):
        raise typer.Exit(1)


def duplicate(
    name: Annotated[
        str, typer.Argument(metavar="TEMPLATE", help="libraryTemplates/ID, or one of your own templates.")
    ],
    new_name: Annotated[
        str | None, typer.Option("--name", help="Name of the copy.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Copy a template, your own or one of the library."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        found = name if name.startswith("libraryTemplates/") else find_template(client, name)
        show_template(out, client.templates.duplicate(found, display_name=new_name))


def library(
    limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the library of ready-made templates.

    They are read-only: duplicate one to use it or to change it.
    """
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda template: template.name,
        "TEMPLATE": lambda template: template.display_name,
        "CATEGORY": lambda template: template.category,
        "PROMPT": lambda template: template.prompt,
    }
    with logged_in() as client:
        out.items(client.templates.library(), columns)


def preview(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEMPLATE]",
            help="templates/ID, ID or display name.",
            show_default=False,
            autocompletion=completing("templates"),
        ),
    ] = None,
    *,
    file: Annotated[
        str, typer.Option("--file", "-f", help="The file to take rows from: a CSV here, or files/ID.")
    ],
    first_row: Annotated[int, typer.Option("--row", min=1, help="The first row.")] = 1,
    row_count: Annotated[int, typer.Option("--rows", min=1, max=100, help="How many rows.")] = 3,
    mock: Mock = None,
    prompt: Draft = None,
    limit: Limit = None,
    fields: Fields = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the prompts for a few rows, without a call."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {"ROW": lambda one: one.row, "PROMPT": lambda one: one.prompt}
    if (name is None) == (prompt is None):
        raise WrongUsage("name a template, or give a prompt with --prompt")
    mocks = dict(_pair(each) for each in mock or ())
    check_source(file)
    with logged_in() as client:
        found = {"prompt": prompt} if name is None else find_template(client, name)
        with on_server_meanwhile(client, file) as source:
            prompts = client.templates.preview(
                found, source, first_row=first_row, row_count=row_count, mock_values=mocks or None
            )
        out.items(prompts, columns)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise WrongUsage(f"{text} is not of the form NAME=VALUE")
    return name, value
