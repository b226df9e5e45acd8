"""Access tokens at the gateway: every method with every scope, generated from the descriptors."""

import importlib
import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.e2e import contracts
from tests.e2e.api import Person, reason

#: The id of nothing; fixed, because test processes must agree on the names of tests.
NOBODYS = "a" * 26
#: Calls of people that need nobody behind them.
OPEN = {
    method.full_name
    for method in contracts.people_methods()
    if importlib.import_module(f"services.{method.package}.policy").POLICY[method.full_name].needs
    == "nothing"
}


def scope_of(method: contracts.Method) -> str:
    """Return the scope that the service's own list, or its rule, asks for."""
    if method.full_name.endswith("/DeleteAccessToken"):
        # A token that may write may end itself; any other is as much the account's own as a session is.
        return "account"
    allow = importlib.import_module(f"services.{method.package}.policy").POLICY[method.full_name]
    scope: str = allow.scope
    return scope


def cases() -> list[tuple[str, str, str]]:
    """Return (scope, verb, path) of every binding that needs a person, with ids that nothing has."""
    return [
        (scope_of(method), verb, re.sub(r"\{[a-z_.]+=([a-zA-Z]+)/\*\}", rf"\1/{NOBODYS}", path))
        for method in contracts.people_methods()
        if method.full_name not in OPEN
        for verb, path, _ in method.bindings
    ]


@pytest.fixture(scope="module")
def bearers(new_person: Callable[[], Person]) -> dict[str, Person]:
    """One account, asked for by a session and by tokens of either scope."""
    owner = new_person()
    found = {"session": owner}
    for scope in ("read", "write"):
        made = owner.ok("POST", "/v1/accessTokens", {"display_name": scope, "scopes": [scope]})
        found[scope] = Person(http=owner.http, email=owner.email, token=made["token"])
    return found


def asked(person: Person, verb: str, path: str) -> httpx2.Response:
    """Send one request that is empty but well formed."""
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
    # A GET of what belongs to the account passes the edge, which knows methods only.
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
