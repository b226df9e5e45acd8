"""The operations of people, from the contracts: addresses, and the fields of queries and bodies."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.bindings import Binding, bindings, load
from tests.e2e import contracts


@dataclass(frozen=True, slots=True)
class Operation:
    """One method and address. An id belongs between two `pieces`; the first one ends with its collection."""

    method: str
    pieces: tuple[str, ...]
    #: The fields that the query may have and those of the body, as descriptors; None without a body.
    query: tuple[Any, ...]
    body: tuple[Any, ...] | None
    is_upload: bool

    @property
    def name(self) -> str:
        return f"{self.method} {'*'.join(self.pieces)}"

    @property
    def collections(self) -> tuple[str, ...]:
        return tuple(piece.rstrip("/").rpartition("/")[2] for piece in self.pieces[:-1])


@cache
def operations() -> tuple[Operation, ...]:
    """All operations that people can call."""
    return tuple(map(_operation, bindings(load())))


def _operation(binding: Binding) -> Operation:
    request = contracts.pool()[0].FindMessageTypeByName(binding.request.lstrip("."))
    elsewhere = {binding.body, *(name.split(".")[0] for name in binding.path.fields)}
    inner: Any = request.fields_by_name.get(binding.body)
    body = request.fields if inner is None else inner.message_type.fields
    return Operation(
        method=binding.method,
        pieces=tuple(binding.path.expanded.split("*")),
        query=tuple(f for f in request.fields if binding.body != "*" and f.name not in elsewhere),
        body=tuple(body) if binding.body else None,
        is_upload=binding.raw_request,
    )
