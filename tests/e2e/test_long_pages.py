"""Large answers through the gateway: lists end by bytes, and what JSON makes of them still passes."""

from typing import Any

import pytest

from tests.e2e.api import Person

pytestmark = pytest.mark.promise("S59")


def _listed(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        answer = person.call("GET", "/v1/templates", params={"page_size": 1000, "page_token": token})
        page = answer.json()
        found += page["templates"]
        token = page["next_page_token"]
        if not token:
            return found


@pytest.mark.parametrize("letter", ["é", "\x01"])
def test_many_large_templates_are_listed(person: Person, letter: str) -> None:
    # JSON writes a control character with six bytes.
    for number in range(45):
        person.template(letter * 49_990, output_column=f"Out {number}")
    found = [each for each in _listed(person) if each["prompt"].startswith(letter)]
    assert len(found) == 45
    assert all(each["prompt"] == letter * 49_990 for each in found)
