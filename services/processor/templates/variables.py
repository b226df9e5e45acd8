"""Custom variables of people: values that every prompt of an account can use by name."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import orjson

from services.common.aside import aside
from services.common.identity import Passport
from services.common.lines import is_line
from services.common.paging import Position
from services.common.store.idempotency import digest
from services.processor.templates.errors import VariableInvalid
from services.processor.templates.prompt import custom_names

#: An account has no more than this.
MOST_VARIABLES = 1000
#: Variables that are read at once: one may have 40 kB.
MOST_READ = 100


@dataclass(frozen=True, slots=True)
class CustomVariable:
    """A stored variable; no two of an account have one key, in any case."""

    id: str
    account: str
    key: str
    value: str
    create_time: datetime
    update_time: datetime

    @property
    def folded(self) -> str:
        """The key as it is compared."""
        return self.key.casefold()


class ReadsVariables(Protocol):
    """Knows the custom variables of accounts."""

    async def values(self, account: str, folded: Collection[str]) -> dict[str, str]:
        """Return the values of an account's variables with these folded keys, by key."""
        ...


async def values_for(variables: ReadsVariables, account: str, prompts: Sequence[str]) -> dict[str, str]:
    """Return the values of the variables that prompts name, by key; raise TemplateInvalid.

    An account's variables together are much larger than what most prompts use of them.
    """
    names = sorted(await aside(lambda: custom_names(prompts), account=account))
    found: dict[str, str] = {}
    for first in range(0, len(names), MOST_READ):
        found |= await variables.values(account, names[first : first + MOST_READ])
    return found


class Store(Protocol):
    """Where variables are kept."""

    async def add(self, variable: CustomVariable, key: str, content: bytes) -> CustomVariable: ...
    async def get(self, account: str, id_: str) -> CustomVariable: ...
    async def page(self, account: str, after: Position | None, count: int) -> list[CustomVariable]: ...
    async def replace(self, variable: CustomVariable) -> None: ...
    async def remove(self, account: str, id_: str) -> None: ...


class Variables:
    """Creates, finds, changes and removes variables."""

    def __init__(self, store: Store, *, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._store = store
        self._new_id = new_id
        self._now = now

    async def create(self, person: Passport, key: str, value: str, *, idempotency_key: str) -> CustomVariable:
        """Store a variable; raise VariableInvalid or VariableExists."""
        key, now = check_key(key), self._now()
        check_value(value)
        variable = CustomVariable(
            self._new_id(), person.account, key, value, create_time=now, update_time=now
        )
        return await self._store.add(variable, idempotency_key, digest(orjson.dumps([key, value])))

    async def get(self, person: Passport, id_: str) -> CustomVariable:
        """Return a variable; raise VariableNotFound."""
        return await self._store.get(person.account, id_)

    async def page(self, person: Passport, after: Position | None, count: int) -> list[CustomVariable]:
        """Return the person's variables, newest first."""
        return await self._store.page(person.account, after, count)

    async def update(self, person: Passport, id_: str, value: str) -> CustomVariable:
        """Change a variable's value; raise VariableNotFound or VariableInvalid."""
        check_value(value)
        old = await self._store.get(person.account, id_)
        changed = replace(old, value=value, update_time=self._now())
        await self._store.replace(changed)
        return changed

    async def remove(self, person: Passport, id_: str) -> None:
        """Remove a variable; raise VariableNotFound."""
        await self._store.remove(person.account, id_)


def check_key(key: str) -> str:
    """Return a key without the dollar sign and the space around it; raise VariableInvalid."""
    name = key.strip().removeprefix("$").strip()
    if not name:
        raise VariableInvalid(violations=[("display_name", "is required")])
    if not is_line(key) or "{" in name or "}" in name:
        raise VariableInvalid(violations=[("display_name", "must not hold braces or control characters")])
    return name


def check_value(value: str) -> None:
    """Raise VariableInvalid for a value that no prompt can hold."""
    if "\0" in value:
        raise VariableInvalid(violations=[("value", "must not hold NUL")])
