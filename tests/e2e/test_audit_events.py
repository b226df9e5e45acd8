"""What happened to an account, as its owner reads it: auth's events and the vault's, merged and paged."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.api import PASSWORD, Person
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider


def until(person: Person, *actions: str) -> list[dict[str, Any]]:
    """Return the events once these actions and outcomes are among them; they are written a moment later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        events: list[dict[str, Any]] = person.ok("GET", "/v1/auditEvents")["audit_events"]
        if set(actions) <= {text for event in events for text in (event["action"], event["outcome"])}:
            return events
        assert time.monotonic() < deadline, events
        time.sleep(0.05)


def test_events_of_auth_and_vault_are_one_list_newest_first(
    new_person: Callable[[], Person], provider: Provider
) -> None:
    person, other = new_person(), new_person()
    person.add_key(provider.base_url)
    made = person.ok("POST", "/v1/accessTokens", {"display_name": "x", "scopes": ["read"]})
    refused = {"email": f"  {person.email.upper()} ", "password": "not the password"}
    assert person.http.post("/v1/sessions", json=refused).status_code == 401
    events = until(person, "register", "UNAUTHENTICATED", "create-access-token", "create")
    times = [event["time"] for event in events]
    assert times == sorted(times, reverse=True)
    told = {(event["action"], event["outcome"]) for event in events}
    assert {("sign-in", "ok"), ("sign-in", "UNAUTHENTICATED"), ("register", "ok"), ("create", "ok")} <= told
    (token,) = [event for event in events if event["action"] == "create-access-token"]
    assert (token["object"], token["client_address"]) == (made["name"], "127.0.0.1")
    text = str(events)
    assert made["token"] not in text
    assert PASSWORD not in text
    assert not {event["name"] for event in events} & {event["name"] for event in until(other, "register")}


def test_pages_give_every_event_once(new_person: Callable[[], Person], provider: Provider) -> None:
    person = new_person()
    for number in range(7):
        body = {"display_name": str(number), "scopes": ["read"]}
        name = person.ok("POST", "/v1/accessTokens", body)["name"]
        person.add_key(provider.base_url)
    person.ok("DELETE", f"/v1/{name}")
    whole = [event["name"] for event in until(person, "delete-access-token")]
    seen: list[str] = []
    token = ""
    while True:
        page = person.ok("GET", f"/v1/auditEvents?page_size=3&page_token={token}")
        seen += [event["name"] for event in page["audit_events"]]
        token = page["next_page_token"]
        if not token:
            break
    assert (seen, len(whole) > 15) == (whole, True)


@pytest.mark.parametrize("token", ["x", "AAAA", "MjAyNg", "OTk5OS0xMi0zMVQyMzo1OTo1OS45OTk5OTkrMDA6MDB8eA"])
def test_a_page_token_that_is_none_is_refused(new_person: Callable[[], Person], token: str) -> None:
    answer = new_person().call("GET", f"/v1/auditEvents?page_token={token}")
    assert answer.status_code == 400
