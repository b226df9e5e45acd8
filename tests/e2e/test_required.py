"""A required field that is left out is a 400 that names it, at every operation."""

import re
from typing import Any

import httpx2
import pytest

from gateway.bindings import load
from gateway.openapi import openapi
from services.common.ids import new_id
from tests.e2e.api import PASSWORD, Person, reason

DOCUMENT = openapi(load())
ID = "a" * 26
#: A value for each required field, so that one can be left out at a time.
VALUES: dict[str, Any] = {
    "category": "Cold Outreach",
    "current_password": PASSWORD,
    "display_name": "Sender",
    "file": f"files/{ID}",
    "new_password": "another correct horse",
    "output_column": "Hook",
    "outputs": {"Hook": "My own words"},
    "password": PASSWORD,
    "prompt": "Hello {{Name}}",
    "row": 1,
    "scopes": ["read"],
    "secret": "sk-0123456789abcdefghijkl",
    "templates": [f"templates/{ID}"],
    "token": "a" * 43,
    "url": "https://receiver.invalid/smelt",
}


def _address(path: str) -> str:
    """Return an address with names that nothing has; a row has a number."""
    return re.sub(r"\{\w+\}", ID, path.replace("{row}", "1"))


def cases() -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return (method, path, field to leave out, all required fields) for each required field."""
    found = []
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            name = schema.get("$ref", "").rpartition("/")[2]
            component = DOCUMENT["components"]["schemas"].get(name, {})
            fields = tuple(sorted({*schema.get("required", ()), *component.get("required", ())}))
            found += [(method.upper(), _address(path), field, fields) for field in fields]
    return found


def test_there_are_cases() -> None:
    assert len(cases()) >= 30


@pytest.mark.promise("S54")
@pytest.mark.parametrize(("method", "path", "field", "fields"), cases())
@pytest.mark.parametrize("empty", [False, True], ids=["left out", "empty"])
def test_a_required_field_that_is_missing_is_named(
    person: Person, method: str, path: str, field: str, fields: tuple[str, ...], empty: bool
) -> None:
    values = VALUES | {"email": f"{new_id()}@example.com"}
    body = {name: values[name] for name in fields if name != field}
    if empty:
        body[field] = type(values[field])()
    answer = person.call(method, path, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == 3
    assert reason(answer)
    named = violations(answer)
    assert [name for name in named if name.rpartition(".")[2] == field], (field, named)


@pytest.mark.promise("S54")
def test_nothing_at_all_is_refused_alike(person: Person) -> None:
    for method, path, _, fields in cases():
        bodies: tuple[Any, ...] = ({}, None)
        for body in bodies:
            answer = person.call(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (400, 3), (method, path, answer.text)
            assert violations(answer), (method, path, fields)


def violations(answer: httpx2.Response) -> list[str]:
    return [
        violation["field"]
        for detail in answer.json()["details"]
        if detail["@type"].endswith("BadRequest")
        for violation in detail["field_violations"]
    ]
