"""API keys as their owners see them: tested at their provider, and never mixed up with the operator's."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from smelt.vault.v1 import operator_pb2, operator_pb2_grpc

from services.common.ids import new_id
from tests.e2e.api import Person, reason
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.provider import Provider, authorization_sha256
from tests.support.stack import Stack
from tests.support.wire import channel


@pytest.mark.parametrize(
    ("rule", "result"),
    [
        (None, "VALID"),
        ({"action": "status", "status": 401, "echo_key": "full"}, "INVALID"),
        ({"action": "insufficient_quota"}, "NO_CREDITS"),
        ({"action": "reset"}, "UNREACHABLE"),
    ],
)
def test_a_test_tells_how_a_key_is_and_the_key_keeps_it(
    person: Person, provider: Provider, rule: dict[str, Any] | None, result: str
) -> None:
    key = person.add_key(provider.base_url)
    assert key["last_test_result"] == "NOT_TESTED"
    assert "last_tested_time" not in key
    if rule:
        provider.script(rule)
    test = person.ok("POST", f"/v1/{key['name']}:test", {})
    assert (test["name"], test["result"]) == (key["name"], result)
    assert person.keys[-1] not in test["message"]
    (seen,) = provider.requests()
    assert seen["authorization_sha256"] == authorization_sha256(person.keys[-1])
    found = person.ok("GET", f"/v1/{key['name']}")
    assert (found["last_test_result"], found["last_tested_time"]) == (result, test["test_time"])
    assert found["last_used_time"] <= test["test_time"]


def test_a_host_that_does_not_exist_is_unreachable_and_no_error(person: Person) -> None:
    key = person.add_key("https://no-such-host.invalid/v1")
    assert person.ok("POST", f"/v1/{key['name']}:test", {})["result"] == "UNREACHABLE"


def test_a_deleted_key_and_the_operators_are_not_tried(person: Person, provider: Provider) -> None:
    key = person.add_key(provider.base_url)
    person.ok("DELETE", f"/v1/{key['name']}")
    for name in (key["name"], "apiKeys/managed"):
        answer = person.call("POST", f"/v1/{name}:test", {})
        assert (answer.status_code, reason(answer)) == (404, "API_KEY_NOT_FOUND")
    assert provider.requests() == []


@pytest.mark.promise("S46")
async def test_the_operators_key_is_never_sent_to_a_persons_endpoint(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    managed = f"sk-managed-{new_id()}"
    async with channel(stack, "vault", "operator") as to_vault:
        operator: Any = operator_pb2_grpc.OperatorServiceStub(to_vault)
        request = operator_pb2.SetManagedApiKeyRequest(secret=managed, base_url=provider.base_url)
        await operator.SetManagedApiKey(request, timeout=PATIENCE_SECONDS)
    person = new_person()
    own = person.add_key(f"{provider.base_url}/of-a-person")
    assert own["active"]
    file, template = person.file(b"Name\nAda\nBob\n"), person.template("Hello {{Name}}")
    with_managed = person.finished(person.job(file, [template], api_key="apiKeys/managed"))
    assert with_managed["state"] == "COMPLETED"
    assert with_managed["request_counts"]["succeeded"] == 2
    person.finished(person.job(file, [template]))
    by_path: dict[str, set[str]] = {}
    for seen in provider.requests():
        by_path.setdefault(seen["path"], set()).add(seen["authorization_sha256"])
    assert by_path == {
        "/v1/chat/completions": {authorization_sha256(managed)},
        "/v1/of-a-person/chat/completions": {authorization_sha256(person.keys[0])},
    }


@pytest.mark.promise("S12")
@pytest.mark.promise("S42")
def test_deleting_a_key_stops_the_calls_of_a_running_job_within_two_seconds(
    new_person: Callable[[], Person], provider: Provider
) -> None:
    person = new_person()
    provider.script(latency_ms=100)
    key = person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(3000)))
    job = person.job(file, [person.template("Say {{n}}")], parallel_calls=20)
    provider.wait_for(50)
    person.ok("DELETE", f"/v1/{key['name']}")
    deleted = provider.summary()["total"]
    ended = person.finished(job)
    assert (ended["state"], ended["pause_reason"]) == ("PAUSED", "API_KEY_DELETED")
    until(lambda: provider.summary()["in_flight"] == 0)
    # Only calls arrived whose keys had been released before the deletion.
    calls = provider.summary()["total"]
    assert calls - deleted <= 20
    time.sleep(1)
    assert provider.summary()["total"] == calls
