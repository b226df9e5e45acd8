"""Commands for prompt templates."""

from __future__ import annotations

from typing import Annotated

import typer

from ..client import Client
from ..errors import NotFound, SmeltError
from ..models import Template
from . import asking
from .common import AsJson, Fields, Limit, Quiet, Yes, group, logged_in
from .names import completing
from .printing import Output, when

templates = group("Write, try and delete prompt templates.")

Name = Annotated[
    str,
    typer.Argument(
        metavar="TEMPLATE", help="templates/ID, ID or display name.", autocompletion=completing("templates")
    ),
]


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


@templates.command("list")
def list_templates(
    limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the templates."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
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
        "answer": "a choice" if template.is_choice else "",
        "auto-fix": "off" if template.auto_fix_off else "",
        "forbidden": ", ".join(template.forbidden_words),
        "references": ", ".join(template.reference_columns),
        "changed": when(template.update_time or template.create_time),
        "prompt": template.prompt,
    }
    out.one(template, fields)
    for warning in template.warnings:
        out.message(f"Warning: {warning}")
