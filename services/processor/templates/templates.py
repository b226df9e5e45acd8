"""Templates of people: made, found, changed, and previewed as the prompts that rows make of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import orjson

from services.common.aside import aside, go_on
from services.common.identity import Passport
from services.common.paging import PAGE_BYTES, Position
from services.common.store.idempotency import digest
from services.processor.outside import DescribesFiles, ReadsRows, Rows, as_person
from services.processor.templates.called import by_their_names
from services.processor.templates.errors import TemplateInvalid
from services.processor.templates.mock_names import filled
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import Prompt, bind_prompt, parse_prompt
from services.processor.templates.template import Template, TemplateFields, check, merge
from services.processor.templates.variables import ReadsVariables, values_for

DEFAULT_PREVIEW_ROWS = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """A prompt as the model would get it for one row."""

    row: int
    prompt: str


class Store(Protocol):
    """Where templates are kept."""

    async def add(self, template: Template, key: str, content: bytes, *, most: int) -> Template: ...
    async def get(self, account: str, id_: str) -> Template: ...
    async def page(self, account: str, after: Position | None, count: int) -> list[Template]: ...
    async def replace(self, template: Template) -> None: ...
    async def remove(self, account: str, id_: str) -> None: ...


class Files(DescribesFiles, ReadsRows, Protocol):
    """What a preview asks of files."""


class Templates:
    """Creates, finds, changes and previews templates."""

    def __init__(
        self,
        store: Store,
        files: Files,
        *,
        variables: ReadsVariables,
        most: int,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """`most` is how many templates an account may have."""
        self._store = store
        self._most = most
        self._files = files
        self._variables = variables
        self._new_id = new_id
        self._now = now

    async def create(self, person: Passport, of: TemplateFields, key: str) -> Template:
        """Store a template; raise TemplateInvalid or TemplateLimit."""
        checked = await aside(lambda: check(of), account=person.account)
        now = self._now()
        template = Template(self._new_id(), person.account, checked, create_time=now, update_time=now)
        content = digest(orjson.dumps(checked.stored()))
        return await self._store.add(template, key, content, most=self._most)

    async def get(self, person: Passport, id_: str) -> Template:
        """Return a template; raise TemplateNotFound."""
        return await self._store.get(person.account, id_)

    async def page(self, person: Passport, after: Position | None, count: int) -> list[Template]:
        """Return the person's templates, newest first."""
        return await self._store.page(person.account, after, count)

    async def update(
        self, person: Passport, id_: str, new: TemplateFields, given: Collection[str], mask: Sequence[str]
    ) -> Template:
        """Change a template; raise TemplateNotFound, TemplateInvalid or UpdateMaskInvalid."""
        old = await self._store.get(person.account, id_)
        merged = merge(old.fields, new, given, mask)
        checked = await aside(lambda: check(merged), account=person.account)
        changed = replace(old, fields=checked, update_time=self._now())
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
        name = display_name if display_name.strip() else f"{fields_.display_name[:93]} (copy)"
        return await self.create(person, replace(fields_, display_name=name), key)

    async def preview(
        self,
        person: Passport,
        *,
        id_: str,
        prompt: str,
        file: str,
        first: int,
        count: int,
        mock_values: Mapping[str, str],
    ) -> list[Preview]:
        """Render a stored template's prompt, or the one given, for rows of a file.

        `mock_values` fill variables that the file does not have, such as the outputs of earlier steps.

        Fewer rows than wanted come back, but at least one, when they would be more than an answer holds.
        """
        name = f"templates/{id_}" if id_ else ""
        stored = [await self._store.get(person.account, id_)] if id_ else []
        text = stored[0].fields.settings.prompt if id_ else prompt
        if not text.strip():
            raise TemplateInvalid(violations=[("template.prompt", "is required")])
        proof = as_person(person)
        facts = await self._files.facts(file, proof)
        variables = await values_for(self._variables, person.account, [text])

        def prepared() -> tuple[Prompt, list[str]]:
            """Return the prompt, and the cells that come after each row's own."""
            parsed, columns = parse_prompt(text), Columns(facts.columns)
            mocked = filled(parsed, columns, variables=CustomValues(variables), given=mock_values)
            cells = {each: value for each, value in mocked.items() if not each.startswith("$")}
            columns.add(cells)
            custom = {**variables, **{each[1:]: value for each, value in mocked.items() if each not in cells}}
            return (
                bind_prompt(parsed, columns, template=name, variables=CustomValues(custom)),
                [*cells.values()],
            )

        with by_their_names(stored):
            bound, cells = await aside(prepared, account=person.account)
        start = max(first, 1)
        wanted = min(count or DEFAULT_PREVIEW_ROWS, facts.row_count - start + 1)
        if wanted < 1:
            return []
        previews: list[Preview] = []
        room = PAGE_BYTES

        def rendered(rows: Rows, room: int) -> list[Preview]:
            """Return the prompts of rows, up to the one with which they are larger than the room."""
            made: list[Preview] = []
            for row in rows:
                go_on()
                values = [*row.cells, *cells]
                bound.check_size(values, template=name)
                room -= bound.size(values)
                made.append(Preview(row.number, bound.render(values)))
                if room < 0:
                    break
            return made

        async with aclosing(
            self._files.rows(file, facts.parse, first=start, count=wanted, proof=proof)
        ) as batches:
            async for batch in batches:
                with by_their_names(stored):
                    made = await aside(partial(rendered, batch, room), account=person.account)
                for preview in made:
                    room -= len(preview.prompt.encode())
                    if room < 0 and previews:
                        return previews
                    previews.append(preview)
        return previews
