"""Commands for prompt templates."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ..client import Client
from ..errors import NotFound, SmeltError
from ..models import Template
from . import asking
from .common import AsJson, Quiet, WrongUsage, Yes, group, logged_in
from .printing import Output, when

templates = group("Create, list, preview, test, copy and delete prompt templates.")

Name = Annotated[str, typer.Argument(metavar="TEMPLATE", help="templates/ID, ID or display name.")]


def find_template(client: Client, text: str) -> str:
    """Return the resource name of a template, given it, its display name, or the beginning of its ID."""
    if text.startswith("templates/"):
        return text
    known = list(client.templates.list())
    # Closest match first: the ID, the display name, the same ignoring case, the beginning of the ID.
    for found in (
        [one.name for one in known if one.name == f"templates/{text}"],
        [one.name for one in known if one.display_name == text],
        [one.name for one in known if one.display_name.casefold() == text.casefold()],
        [one.name for one in known if one.name.startswith(f"templates/{text}")],
    ):
        if len(found) > 1:
            raise SmeltError(f"several templates are named {text}; use one of their IDs: {', '.join(found)}")
        if found:
            return found[0]
    raise NotFound(f"you have no template {text}", reason="TEMPLATE_NOT_FOUND", status=404)


class Effort(Enum):
    """How much a model thinks."""

    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@templates.command()
def create(
    name: Annotated[str, typer.Option("--name", help="Name of the template.")],
    output_column: Annotated[
        str, typer.Option("--output-column", help="Name of the column for the answers.")
    ],
    prompt: Annotated[
        str | None,
        typer.Option(help="The prompt, such as 'Write a hook for {{First Name}}'.", show_default=False),
    ] = None,
    prompt_file: Annotated[
        Path | None,
        typer.Option(help="Read the prompt from a file, or from stdin with -.", show_default=False),
    ] = None,
    category: Annotated[str, typer.Option(help="Category; any name will do.")] = "Personalization",
    model: Annotated[str | None, typer.Option(help="Model; the server's default if missing.")] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            show_default=False,
            help="How much answers vary, from 0 to 1; the server's default if missing.",
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, show_default=False, help="The most tokens of an answer; the server's default if missing."
        ),
    ] = None,
    max_completion_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, show_default=False, help="The most tokens of an answer and the thinking before it."
        ),
    ] = None,
    reasoning_effort: Annotated[
        Effort | None, typer.Option(show_default=False, help="How much the model thinks before it answers.")
    ] = None,
    character_limit: Annotated[
        int | None,
        typer.Option(min=1, help="Flag answers with more characters than this.", show_default=False),
    ] = None,
    word_limit: Annotated[
        int | None, typer.Option(min=1, help="Flag answers with more words than this.", show_default=False)
    ] = None,
    forbidden: Annotated[
        list[str] | None,
        typer.Option(help="Flag answers that contain this word; can be repeated.", show_default=False),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="A column that counts towards the confidence; can be repeated.", show_default=False
        ),
    ] = None,
    schema_file: Annotated[
        Path | None,
        typer.Option(help="A JSON schema; each of its properties fills a column.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Create a template. {{Column Name}} stands for a cell of the row, {{$Name}} for a custom variable."""
    out = Output(as_json=as_json, quiet=quiet)
    text = _prompt(prompt, prompt_file)
    with logged_in() as client:
        template = client.templates.create(
            name,
            text,
            output_column=output_column,
            category=category,
            model=model,
            temperature=temperature,
            max_tokens=max_tokens,
            max_completion_tokens=max_completion_tokens,
            reasoning_effort=None if reasoning_effort is None else reasoning_effort.value,
            character_limit=character_limit,
            word_limit=word_limit,
            forbidden_words=forbidden or None,
            reference_columns=reference or None,
            json_schema=None if schema_file is None else schema_file.read_text(encoding="utf-8"),
        )
    show_template(out, template)


@templates.command("list")
def list_templates(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List the templates."""
    out = Output(as_json=as_json, quiet=quiet)
    columns = {
        "NAME": lambda template: template.name,
        "TEMPLATE": lambda template: template.display_name,
        "CATEGORY": lambda template: template.category,
        "OUTPUT COLUMN": lambda template: template.output_column,
        "MODEL": lambda template: template.model,
    }
    with logged_in() as client:
        out.items(client.templates.list(), columns)


@templates.command()
def show(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show a template."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        show_template(out, client.templates.get(find_template(client, name)))


@templates.command()
def rm(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a template. Jobs keep their own copy."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        found = find_template(client, name)
        asking.confirm(f"Delete {found}?", yes=yes)
        client.templates.delete(found)
    if as_json:
        out.json({})
    out.message(f"Deleted {found}")


def _prompt(prompt: str | None, prompt_file: Path | None) -> str:
    if (prompt is None) == (prompt_file is None):
        raise WrongUsage("give the prompt with either --prompt or --prompt-file")
    if prompt_file is None:
        return prompt or ""
    try:
        return sys.stdin.read() if str(prompt_file) == "-" else prompt_file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise WrongUsage(f"{prompt_file} is not UTF-8; save it in that encoding") from None


def _limits(template: Template) -> str:
    limits = ((template.character_limit, "characters"), (template.word_limit, "words"))
    return ", ".join(f"{limit} {unit}" for limit, unit in limits if limit)


def show_template(out: Output, template: Template) -> None:
    """Print one template."""
    fields = {
        "name": template.name,
        "template": template.display_name,
        "category": template.category,
        "output column": template.output_column,
        "JSON schema": template.json_schema,
        "model": template.model,
        "temperature": template.temperature,
        "max tokens": template.max_completion_tokens or template.max_tokens,
        "thinking": template.reasoning_effort,
        "limits": _limits(template),
        "forbidden": ", ".join(template.forbidden_words),
        "references": ", ".join(template.reference_columns),
        "changed": when(template.update_time or template.create_time),
        "prompt": template.prompt,
    }
    out.one(template, fields)
    for warning in template.warnings:
        out.message(f"Warning: {warning}")
