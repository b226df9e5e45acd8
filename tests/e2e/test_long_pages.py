"""Large answers through the gateway: lists end by bytes, and what JSON makes of them still passes."""

import time
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
        body = {
            "display_name": "Long",
            "category": "Cold Outreach",
            "prompt": letter * 49_990,
            "output_column": f"Out {number}",
        }
        # The edge takes five large bodies a second of one client, after the first fifty.
        while (answer := person.call("POST", "/v1/templates", body)).status_code == 429:
            time.sleep(float(answer.headers["retry-after"]))
        assert answer.status_code in (200, 201)
    found = [each for each in _listed(person) if each["prompt"].startswith(letter)]
    assert len(found) == 45
    assert all(each["prompt"] == letter * 49_990 for each in found)
