"""Access tokens at the gateway: every method with every scope, generated from the descriptors."""

import importlib
import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.e2e import contracts
from tests.e2e.api import Person, reason

#: An id that nothing has; fixed, because test processes must agree on the names of tests.
NOBODYS = "a" * 26
#: Methods for people that need no credentials.
OPEN = {
    method.full_name
    for method in contracts.people_methods()
    if importlib.import_module(f"services.{method.package}.policy").POLICY[method.full_name].needs
    == "nothing"
}


def scope_of(method: contracts.Method) -> str:
    """Return the scope that the service's own list, or its rule, requires."""
    if method.full_name.endswith("/DeleteAccessToken"):
        # A token with `write` may end itself; other tokens are account matters, like sessions.
        return "account"
    allow = importlib.import_module(f"services.{method.package}.policy").POLICY[method.full_name]
    scope: str = allow.scope
    return scope


def cases() -> list[tuple[str, str, str]]:
    """Return (scope, verb, path) for every binding that needs a person, with ids that nothing has."""
    return [
        (scope_of(method), verb, re.sub(r"\{[a-z_.]+=([a-zA-Z]+)/\*\}", rf"\1/{NOBODYS}", path))
        for method in contracts.people_methods()
        if method.full_name not in OPEN
        for verb, path, _ in method.bindings
    ]


@pytest.fixture(scope="module")
def bearers(new_person: Callable[[], Person]) -> dict[str, Person]:
    """One account, used with a session and with tokens of either scope."""
    owner = new_person()
    found = {"session": owner}
    for scope in ("read", "write"):
        made = owner.ok("POST", "/v1/accessTokens", {"display_name": scope, "scopes": [scope]})
        found[scope] = Person(http=owner.http, email=owner.email, token=made["token"])
    return found


def asked(person: Person, verb: str, path: str) -> httpx2.Response:
    """Send one empty but well-formed request."""
    if path.endswith(":upload"):
        return person.upload(b"")
    return person.call(verb, path, None if verb in ("GET", "DELETE") else {})


@pytest.mark.promise("S26")
@pytest.mark.parametrize(("scope", "verb", "path"), cases())
def test_a_token_reaches_what_its_scopes_name_and_nothing_else(
    bearers: dict[str, Person], scope: str, verb: str, path: str
) -> None:
    for name, held in (("read", {"read"}), ("write", {"read", "write"})):
        answer = asked(bearers[name], verb, path)
        if scope in held:
            assert answer.status_code not in (401, 403), (name, answer.text)
        else:
            assert (answer.status_code, reason(answer)) == (403, "SCOPE_MISSING"), (name, answer.text)


@pytest.mark.promise("S26")
def test_the_service_refuses_by_itself_what_the_edge_would_let_through(bearers: dict[str, Person]) -> None:
    # A GET of account matters passes the edge, which only looks at the HTTP method.
    answer = bearers["write"].call("GET", "/v1/accessTokens")
    assert (answer.status_code, reason(answer)) == (403, "SCOPE_MISSING")
    assert bearers["session"].call("GET", "/v1/accessTokens").status_code == 200


def test_a_token_that_is_ended_is_over_on_the_next_request(bearers: dict[str, Person]) -> None:
    owner = bearers["session"]
    made: Any = owner.ok("POST", "/v1/accessTokens", {"display_name": "x", "scopes": ["write"]})
    script = Person(http=owner.http, email=owner.email, token=made["token"])
    assert script.ok("GET", "/v1/users/me")["email"] == owner.email
    owner.ok("DELETE", f"/v1/{made['name']}")
    assert script.call("GET", "/v1/users/me").status_code == 401
    assert script.call("GET", "/v1/users/me").text == owner.http.get("/v1/users/me").text
