"""A template: the fields that its owner sets, and how a change to them is merged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from services.common.lines import is_line
from services.processor.templates import schema
from services.processor.templates.errors import TemplateInvalid, UpdateMaskInvalid
from services.processor.templates.prompt import parse_prompt
from services.processor.templates.prompt_settings import DEFAULT_MODEL, NAMES, PromptSettings

_OWN = ("display_name", "category")
_REQUIRED = (*_OWN, "prompt", "output_column")
_OUTPUT_ONLY = frozenset({"name", "create_time", "update_time"})

#: Templates that are read at once: one may have 700 kB.
MOST_READ = 10


@dataclass(frozen=True, slots=True)
class TemplateFields:
    """The fields of a template that its owner sets."""

    display_name: str
    category: str
    settings: PromptSettings

    def document(self) -> dict[str, Any]:
        """Return every field by name: the template's own, then its settings."""
        return {"display_name": self.display_name, "category": self.category, **self.settings.document()}

    def stored(self) -> dict[str, Any]:
        """Return the fields as digests of requests cover them; see `PromptSettings.stored`."""
        return {"display_name": self.display_name, "category": self.category, **self.settings.stored()}


@dataclass(frozen=True, slots=True)
class Template:
    """A stored template."""

    id: str
    account: str
    fields: TemplateFields
    create_time: datetime
    update_time: datetime


class FindsTemplates(Protocol):
    """Finds stored templates."""

    async def get_many(self, account: str, ids: list[str]) -> list[Template]:
        """Return templates in the order of their ids; raise TemplateNotFound."""
        ...


def check(of: TemplateFields) -> TemplateFields:
    """Return the fields with names trimmed; raise TemplateInvalid, which lists every invalid field."""
    trimmed = TemplateFields(of.display_name.strip(), of.category.strip(), _trimmed(of.settings))
    said = trimmed.document()
    violations = [(name, "is required") for name in _REQUIRED if not said[name].strip()]
    # As they were given: a line break at an end must not be trimmed away and taken.
    given = of.document()
    violations += [
        (name, "must not contain control characters")
        for name in ("display_name", "category", "output_column", "model")
        if not is_line(given[name])
    ]
    violations += [
        (name, "must not contain control characters")
        for name in ("forbidden_words", "reference_columns")
        if not all(map(is_line, given[name]))
    ]
    if said["json_schema"]:
        try:
            schema.check(said["json_schema"])
        except schema.SchemaInvalid as error:
            violations.append(("json_schema", str(error)))
    if "\0" in said["prompt"]:
        violations.append(("prompt", "must not contain NUL characters"))
    try:
        parse_prompt(said["prompt"])
    except TemplateInvalid as error:
        violations += error.violations
    if violations:
        raise TemplateInvalid(violations=violations)
    return trimmed


def _trimmed(settings: PromptSettings) -> PromptSettings:
    return replace(
        settings,
        output_column=settings.output_column.strip(),
        model=settings.model.strip() or DEFAULT_MODEL,
        forbidden_words=_names(settings.forbidden_words),
        reference_columns=_names(settings.reference_columns),
        json_schema=settings.json_schema.strip(),
    )


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Return names trimmed, in order, without empty ones and duplicates."""
    return tuple(dict.fromkeys(name.strip() for name in given if name.strip()))


def merge(
    old: TemplateFields, new: TemplateFields, given: Collection[str], mask: Sequence[str]
) -> TemplateFields:
    """Return the old fields, with those replaced that the mask names or, without a mask, the body contains.

    `given` are the names of the fields in the body. Raises UpdateMaskInvalid.
    """
    known = {*_OWN, *NAMES}
    if "*" in mask:
        return new
    if unknown := sorted(set(mask) - known - _OUTPUT_ONLY):
        raise UpdateMaskInvalid(violations=[("update_mask", f"unknown field {name}") for name in unknown])
    chosen = known.intersection(mask or given)
    return replace(
        old,
        settings=replace(old.settings, **{name: getattr(new.settings, name) for name in chosen & {*NAMES}}),
        **{name: getattr(new, name) for name in chosen & {*_OWN}},
    )
