"""Deleting an account ends it at once and stops its jobs; nothing of it is left anywhere, whatever dies."""

import os
import random
import signal
import time
from collections.abc import Callable

import httpx2
import pytest

from tests.e2e.api import PASSWORD, Person, reason
from tests.e2e.remains import connect, passes, remains, wait_erased
from tests.support.patience import until
from tests.support.provider import Provider
from tests.support.stack import Stack

ROWS = 5000


def account_of(person: Person) -> str:
    name: str = person.ok("GET", "/v1/users/me")["name"]
    return name.removeprefix("users/")


def furnished(person: Person, provider: Provider) -> str:
    """Create one resource of each kind for a person; return the account's id."""
    person.add_key(provider.base_url)
    file = person.file(b"n\n1\n2\n3\n", "leads of mine.csv")
    person.finished(person.job(file, [person.template("Say {{n}}")]))
    person.ok("POST", "/v1/accessTokens", {"display_name": "script", "scopes": ["write"]})
    return account_of(person)


def leave(person: Person, password: str = PASSWORD) -> httpx2.Response:
    return person.call("POST", "/v1/users/me:delete", {"password": password})


def left(person: Person) -> bool:
    """Delete the account while processes die; return whether it is gone, even if the answer was lost."""
    for _ in range(100):
        try:
            answer = leave(person)
        except httpx2.TransportError:
            continue
        if answer.status_code in (200, 401):
            return True
        assert answer.status_code in (503, 504), answer.text
        time.sleep(0.1)
    return False


@pytest.mark.promise("S13")
@pytest.mark.promise("S25")
def test_nothing_is_left_of_a_deleted_account(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    person, neighbour = new_person(), new_person()
    account, other = furnished(person, provider), furnished(neighbour, provider)
    token = person.ok("POST", "/v1/accessTokens", {"display_name": "x", "scopes": ["read"]})["token"]
    script = Person(http=person.http, email=person.email, token=token)
    assert len(remains(stack, account)) >= 10
    before = remains(stack, other)
    assert leave(person).json() == {}
    for bearer in (person, script):
        assert bearer.call("GET", "/v1/users/me").status_code == 401
    signing_in = {"email": person.email, "password": PASSWORD}
    assert person.http.post("/v1/sessions", json=signing_in).status_code == 401
    wait_erased(stack, account)
    assert remains(stack, account) == {}
    # What is kept shows only that there was an account.
    kept = remains(stack, account, kept=True)
    of_the_vault = {"vault.audit_records", "vault.ended_accounts"}
    of_the_key_store = {"keystore.account_keys", "keystore.objects"}
    assert kept.keys() <= {"auth.erasure"} | of_the_vault | of_the_key_store
    with connect(stack, "keystore") as keystore:
        keys = keystore.execute("SELECT wrapped, state FROM account_keys WHERE account = %s", (account,))
        assert keys.fetchall() == [(None, "destroyed")]
    assert remains(stack, other) == before
    # The address is free again, for an account that has nothing of the first one.
    again = person.http.post("/v1/users", json=signing_in)
    assert again.status_code == 201, again.text
    signed_in = person.http.post("/v1/sessions", json=signing_in).json()
    anew = Person(http=person.http, email=person.email, token=signed_in["token"])
    assert account_of(anew) != account
    for path in ("/v1/files", "/v1/jobs", "/v1/templates", "/v1/apiKeys"):
        assert [value for value in anew.ok("GET", path).values() if value] == []


@pytest.mark.promise("S42")
def test_leaving_stops_provider_calls_within_two_seconds(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    person = new_person()
    provider.script(latency_ms=100)
    person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(ROWS)))
    person.job(file, [person.template("Say {{n}}")], parallel_calls=20)
    account = account_of(person)
    provider.wait_for(50)
    assert leave(person).status_code == 200
    stopped = provider.summary()["total"]
    wait_erased(stack, account)
    until(lambda: provider.summary()["in_flight"] == 0)
    # The most calls that fit into two seconds: twenty at a time, each a tenth of a second long.
    calls = provider.summary()["total"]
    assert calls - stopped <= 400
    time.sleep(1.5)
    assert provider.summary()["total"] == calls
    assert remains(stack, account) == {}


def test_a_wrong_password_ends_nothing(new_person: Callable[[], Person], stack: Stack) -> None:
    person = new_person()
    answer = leave(person, "not the password at all")
    assert (answer.status_code, reason(answer)) == (403, "PASSWORD_WRONG")
    assert leave(person, "").status_code in (400, 403)
    assert passes(stack, account_of(person)) is None


def test_an_access_token_cannot_end_its_account(new_person: Callable[[], Person]) -> None:
    person = new_person()
    token = person.ok("POST", "/v1/accessTokens", {"display_name": "x", "scopes": ["write"]})["token"]
    answer = leave(Person(http=person.http, email=person.email, token=token))
    assert (answer.status_code, reason(answer)) == (403, "SCOPE_MISSING")
    person.ok("GET", "/v1/users/me")


@pytest.mark.promise("S13")
@pytest.mark.parametrize(
    "victims",
    [
        ("processor", "auth"),
        pytest.param(("auth",), marks=pytest.mark.long),
        pytest.param(("auth", "files"), marks=pytest.mark.long),
        pytest.param(("vault",), marks=pytest.mark.long),
    ],
)
def test_a_deletion_is_finished_whatever_is_killed_meanwhile(
    new_person: Callable[[], Person], provider: Provider, stack: Stack, victims: tuple[str, ...]
) -> None:
    person = new_person()
    account = furnished(person, provider)
    # The deletion cannot finish while one of the victims is stopped; then all of them are killed.
    held = [victim for victim in victims if victim != "auth"] or ["files"]
    pids = {name: stack.pids[name] for name in {*victims, *held}}
    for name in held:
        os.kill(pids[name], signal.SIGSTOP)
    try:
        assert left(person) if "vault" not in held else True
        if "vault" not in held:
            time.sleep(random.uniform(0, 0.3))  # Somewhere in the middle, at another point each time.
            assert passes(stack, account) == 0
    finally:
        for name in victims:
            os.kill(pids[name], signal.SIGKILL)
        for name in held:
            if name not in victims:
                os.kill(pids[name], signal.SIGCONT)
    assert left(person)
    wait_erased(stack, account)
    assert remains(stack, account) == {}
    assert passes(stack, account) == 1
