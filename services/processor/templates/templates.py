"""Templates of people: what one must hold, and preview of the prompts it makes."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Protocol

import orjson

from services.common.identity import Passport
from services.common.paging import Position
from services.common.store.idempotency import digest
from services.processor.outside import FileFacts, Proof, Rows, as_person
from services.processor.templates import prompt as prompts
from services.processor.templates import schema
from services.processor.templates.errors import TemplateInvalid, UpdateMaskInvalid

DEFAULT_MODEL = "gpt-4o-mini"
DEFAULT_TEMPERATURE = 0.7
DEFAULT_MAX_TOKENS = 500
DEFAULT_PREVIEW_ROWS = 5
_REQUIRED = ("display_name", "category", "prompt", "output_column")
_OUTPUT_ONLY = frozenset({"name", "create_time", "update_time"})


@dataclass(frozen=True, slots=True)
class TemplateFields:
    """What the owner says of a template."""

    display_name: str
    category: str
    prompt: str
    output_column: str
    model: str = DEFAULT_MODEL
    temperature: float = DEFAULT_TEMPERATURE
    max_tokens: int = DEFAULT_MAX_TOKENS
    #: 0 is no limit.
    character_limit: int = 0
    word_limit: int = 0
    forbidden_words: tuple[str, ...] = ()
    reference_columns: tuple[str, ...] = ()
    json_schema: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A stored template."""

    id: str
    account: str
    fields: TemplateFields
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """A prompt as the model would get it for one row."""

    row: int
    prompt: str


class Store(Protocol):
    """Where templates are kept."""

    async def add(self, template: Template, key: str, content: bytes) -> Template: ...
    async def get(self, account: str, id_: str) -> Template: ...
    async def page(self, account: str, after: Position | None, count: int) -> list[Template]: ...
    async def replace(self, template: Template) -> None: ...
    async def remove(self, account: str, id_: str) -> None: ...


class VariableStore(Protocol):
    """Where custom variables are kept."""

    async def all(self, account: str) -> dict[str, str]: ...


class FileRows(Protocol):
    """Who knows files and their rows."""

    async def facts(self, file: str, proof: Proof) -> FileFacts: ...
    def rows(self, file: str, parse: int, *, first: int, count: int, proof: Proof) -> AsyncIterator[Rows]: ...


def check(of: TemplateFields) -> TemplateFields:
    """Return the fields, trimmed where they are names; raise TemplateInvalid naming every field at fault."""
    trimmed = replace(
        of,
        display_name=of.display_name.strip(),
        category=of.category.strip(),
        output_column=of.output_column.strip(),
        model=of.model.strip() or DEFAULT_MODEL,
        forbidden_words=_names(of.forbidden_words),
        reference_columns=_names(of.reference_columns),
        json_schema=of.json_schema.strip(),
    )
    violations = [(name, "is required") for name in _REQUIRED if not getattr(trimmed, name).strip()]
    violations += [
        (name, "must not hold control characters")
        for name in ("display_name", "category", "output_column", "model")
        if any(ord(character) < 32 for character in getattr(trimmed, name))
    ]
    violations += [
        (name, "must not hold control characters")
        for name in ("forbidden_words", "reference_columns")
        if any(ord(character) < 32 for each in getattr(trimmed, name) for character in each)
    ]
    if of.json_schema.strip():
        try:
            schema.check(of.json_schema)
        except schema.SchemaInvalid as error:
            violations.append(("json_schema", str(error)))
    if "\0" in of.prompt:
        violations.append(("prompt", "must not hold NUL"))
    try:
        prompts.parse(of.prompt)
    except TemplateInvalid as error:
        violations += error.violations
    if violations:
        raise TemplateInvalid(violations=violations)
    return trimmed


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Return names trimmed, without empty ones and repetitions, in their order."""
    return tuple(dict.fromkeys(name.strip() for name in given if name.strip()))


def merge(
    old: TemplateFields, new: TemplateFields, held: Collection[str], mask: Sequence[str]
) -> TemplateFields:
    """Return the old fields with those replaced that the mask names, or all that the body holds.

    `held` are the names of the fields that the body holds. Raises UpdateMaskInvalid.
    """
    known = {field.name for field in fields(TemplateFields)}
    if "*" in mask:
        return new
    if unknown := sorted(set(mask) - known - _OUTPUT_ONLY):
        raise UpdateMaskInvalid(violations=[("update_mask", f"unknown field {name}") for name in unknown])
    chosen = known.intersection(mask or held)
    return replace(old, **{name: getattr(new, name) for name in chosen})


class Templates:
    """Creates, finds, changes and previews templates."""

    def __init__(
        self,
        store: Store,
        files: FileRows,
        *,
        variables: VariableStore,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._files = files
        self._variables = variables
        self._new_id = new_id
        self._now = now

    async def create(self, person: Passport, of: TemplateFields, key: str) -> Template:
        """Store a template; raise TemplateInvalid."""
        checked, now = check(of), self._now()
        template = Template(self._new_id(), person.account, checked, create_time=now, update_time=now)
        return await self._store.add(template, key, digest(orjson.dumps(checked)))

    async def get(self, person: Passport, id_: str) -> Template:
        """Return a template; raise TemplateNotFound."""
        return await self._store.get(person.account, id_)

    async def page(self, person: Passport, after: Position | None, count: int) -> list[Template]:
        """Return the person's templates, newest first."""
        return await self._store.page(person.account, after, count)

    async def update(
        self, person: Passport, id_: str, new: TemplateFields, held: Collection[str], mask: Sequence[str]
    ) -> Template:
        """Change a template; raise TemplateNotFound, TemplateInvalid or UpdateMaskInvalid."""
        old = await self._store.get(person.account, id_)
        changed = replace(old, fields=check(merge(old.fields, new, held, mask)), update_time=self._now())
        await self._store.replace(changed)
        return changed

    async def remove(self, person: Passport, id_: str) -> None:
        """Remove a template; raise TemplateNotFound."""
        await self._store.remove(person.account, id_)

    async def duplicate(
        self, person: Passport, fields_: TemplateFields, *, display_name: str, key: str
    ) -> Template:
        """Store a copy of a template under a new name; the old one and " (copy)" when none is given."""
        # A name is at most 100 characters long.
        name = display_name.strip() or f"{fields_.display_name[:93]} (copy)"
        return await self.create(person, replace(fields_, display_name=name), key)

    async def preview(
        self, person: Passport, *, id_: str, prompt: str, file: str, first: int, count: int
    ) -> list[Preview]:
        """Render a stored template's prompt, or the one given, for rows of a file."""
        name = f"templates/{id_}" if id_ else ""
        text = (await self._store.get(person.account, id_)).fields.prompt if id_ else prompt
        if not text.strip():
            raise TemplateInvalid(violations=[("template.prompt", "is required")])
        proof = as_person(person)
        facts = await self._files.facts(file, proof)
        variables = await self._variables.all(person.account)
        bound = prompts.bind(prompts.parse(text), facts.columns, template=name, variables=variables)
        start = max(first, 1)
        wanted = min(count or DEFAULT_PREVIEW_ROWS, facts.row_count - start + 1)
        if wanted < 1:
            return []
        previews: list[Preview] = []
        async for batch in self._files.rows(file, facts.parse, first=start, count=wanted, proof=proof):
            previews += [Preview(row.number, bound.render(row.cells)) for row in batch]
        return previews
