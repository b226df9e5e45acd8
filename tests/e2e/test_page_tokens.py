"""Page tokens at every list: whole lists are read with them, and only the list that made one takes it."""

import base64
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.e2e import contracts
from tests.e2e.api import Person, reason
from tests.e2e.belongings import belongings
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

pytestmark = pytest.mark.promise("S54")


def lists() -> list[str]:
    """The addresses of all lists with page tokens."""
    return [
        path
        for method in contracts.people_methods()
        for _, path, _ in method.bindings
        if "page_token" in method.input.fields_by_name
    ]


@pytest.fixture(scope="module")
def ada(new_person: Callable[[], Person], stack: Stack) -> tuple[Person, dict[str, str]]:
    """A person with one resource of each kind, two of some, and a job with three rows."""
    person = new_person()
    base = f"http://{urlsplit(stack.provider_url).netloc}/v1"
    own = belongings(person, base)
    person.add_key(base)
    person.file(b"Name\nBob\n")
    template = person.template("Hello {{Name}}")
    person.ok("POST", "/v1/variables", {"display_name": "Other", "value": "x"})
    job = person.job(person.file(b"Name\nA\nB\nC\n"), [template])
    person.finished(job)
    return person, own | {"jobs": job["name"]}


def address(path: str, own: dict[str, str]) -> str:
    return re.sub(r"\{[a-z_.]+=([a-zA-Z]+)/\*\}", lambda match: own[match.group(1)], path)


def forged() -> list[str]:
    written = [
        "0001-01-01T00:00:00+14:00|auth-1",
        "9999-12-31T23:59:59.999999-14:00|auth-1",
        "2026-01-01T00:00:00+00:00|a",
        "2026-01-01T00:00:00+00:00|\0",
        "row|1",
        "50",
        "-1",
    ]
    encoded = [base64.urlsafe_b64encode(text.encode()).decode() for text in written]
    sealed = [base64.urlsafe_b64encode(bytes(16) + text.encode()).decode() for text in encoded]
    return [
        *encoded,
        *(text.rstrip("=") for text in (*encoded, *sealed)),
        "=",
        "a",
        "%F0%9F%98%80",
        "a" * 500,
    ]


@pytest.mark.parametrize("path", lists())
def test_no_list_takes_a_token_that_it_did_not_make(ada: tuple[Person, dict[str, str]], path: str) -> None:
    person, own = ada
    for token in forged():
        answer = person.call(
            "GET", f"{address(path, own)}?page_token={token if '%' in token else quote(token)}"
        )
        assert (answer.status_code, reason(answer)) == (400, "PAGE_TOKEN_INVALID"), token


@pytest.mark.parametrize("path", first(6, lists()))
def test_a_list_is_whole_page_by_page_and_its_tokens_are_its_own(
    ada: tuple[Person, dict[str, str]], new_person: Callable[[], Person], path: str
) -> None:
    person, own = ada
    at = address(path, own)
    token = until_read_whole(person, at)
    if not token:
        return
    for bent in (token[1:], token + "A", token + "="):
        assert reason(person.call("GET", f"{at}?page_token={bent}")) == "PAGE_TOKEN_INVALID"
    for other in lists():
        if other != path:
            elsewhere = f"{address(other, own)}?page_token={token}"
            assert reason(person.call("GET", elsewhere)) == "PAGE_TOKEN_INVALID"
    if "{" not in path:
        assert reason(new_person().call("GET", f"{at}?page_token={token}")) == "PAGE_TOKEN_INVALID"


def until_read_whole(person: Person, at: str) -> str:
    """Read a list page by page until it does not change meanwhile; return the first page's token."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        before = names(person.ok("GET", f"{at}?page_size=500"))
        pages = [person.ok("GET", f"{at}?page_size=1")]
        while token := pages[-1]["next_page_token"]:
            pages.append(person.ok("GET", f"{at}?page_size=1&page_token={token}"))
        if names(person.ok("GET", f"{at}?page_size=500")) == before:
            assert [name for page in pages for name in names(page)] == before
            return str(pages[0]["next_page_token"])
        # Events of an account are written a moment later.
        assert time.monotonic() < deadline


def names(page: dict[str, Any]) -> list[Any]:
    (items,) = [value for value in page.values() if isinstance(value, list)]
    return [item.get("name") or item.get("number") or (item["job"], item["start_time"]) for item in items]


def test_a_token_belongs_to_its_filter(ada: tuple[Person, dict[str, str]]) -> None:
    person, own = ada
    rows = f"/v1/{own['jobs']}/rows"
    token = person.ok("GET", f"{rows}?page_size=1&filter=state%20%3D%20SUCCEEDED")["next_page_token"]
    assert reason(person.call("GET", f"{rows}?page_token={token}")) == "PAGE_TOKEN_INVALID"
    assert person.ok("GET", f"{rows}?page_token={token}&filter=state%20%3D%20SUCCEEDED")["rows"]
