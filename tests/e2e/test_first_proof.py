"""An address that a stranger registered first, through the whole stack: its owner comes, and takes over."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.e2e.api import PASSWORD, Person, reason
from tests.e2e.test_people import NEW, mails, token_in
from tests.support.patience import until
from tests.support.provider import Provider
from tests.support.stack import Stack
from tests.support.webhook_receiver import Receiver, receiving


@pytest.fixture
def receiver(stack: Stack) -> Iterator[Receiver]:
    with receiving(int(stack.webhooks.rpartition(":")[2])) as listening:
        yield listening


def mail_with(stack: Stack, recipient: str, words: str) -> str:
    """Return the mail to an address with these words, once it has arrived."""
    until(lambda: any(words in each for each in mails(stack, recipient)), f"no mail says {words}")
    return next(each for each in mails(stack, recipient) if words in each)


@pytest.mark.promise("S25")
def test_what_a_stranger_prepared_is_out_once_the_owner_resets_the_password(
    http: httpx2.Client,
    stack: Stack,
    new_person: Callable[[], Person],
    provider: Provider,
    receiver: Receiver,
) -> None:
    stranger = new_person()
    key = stranger.add_key(provider.base_url)
    token = stranger.ok("POST", "/v1/accessTokens", {"display_name": "stays", "scopes": ["write"]})["token"]
    hook = stranger.ok("POST", "/v1/webhooks", {"url": receiver.url("/stranger")})
    provider.script(latency_ms=600_000)
    file, template = stranger.file(b"Name\nAda\n"), stranger.template("Greet {{Name}}")
    job = stranger.job(file, [template], api_key=key["name"])
    provider.wait_for(1)

    assert http.post("/v1/passwordResets", json={"email": stranger.email}).status_code == 200
    link = token_in(mail_with(stack, stranger.email, "#token="))
    done = http.post("/v1/passwordResets:confirm", json={"token": link, "new_password": NEW})
    assert done.status_code == 200, done.text
    assert done.json()["ended"] == {
        "sessions": 1,
        "devices": 1,
        "access_tokens": 1,
        "webhooks": 1,
        "jobs": 1,
        "api_keys": 1,
        "password": False,
        "pending": False,
    }
    for credential in (stranger.token, token):
        for path in ("/v1/users/me", f"/v1/{job['name']}", f"/v1/{file['name']}", "/v1/apiKeys"):
            answer = http.get(path, headers={"authorization": f"Bearer {credential}"})
            assert (answer.status_code, reason(answer)) == (401, "UNAUTHENTICATED")
    assert http.post("/v1/sessions", json={"email": stranger.email, "password": PASSWORD}).status_code == 401
    said = mail_with(stack, stranger.email, "Access tokens ended: 1")
    assert "Webhooks off until you confirm them (`smelt webhooks confirm`): 1" in said
    provider.script()

    signed_in = http.post("/v1/sessions", json={"email": stranger.email, "password": NEW})
    owner = Person(http, stranger.email, signed_in.json()["token"])
    assert owner.ok("GET", f"/v1/{hook['name']}")["disabled_reason"] == "UNCONFIRMED"
    assert not [each for each in owner.ok("GET", "/v1/apiKeys")["api_keys"] if each.get("active")]
    paused = owner.ok("GET", f"/v1/{job['name']}")
    assert (paused["state"], paused["pause_reason"]) == ("PAUSED", "ACCOUNT_SECURED")
    # Nothing new goes to the stranger's endpoint or webhook.
    refused = owner.call("POST", "/v1/jobs", {"file": file["name"], "templates": [template["name"]]})
    assert refused.status_code == 400, refused.text
    switched = owner.call("PATCH", f"/v1/{hook['name']}", {"enabled": True})
    assert (switched.status_code, reason(switched)) == (400, "WEBHOOK_UNCONFIRMED")
    # What is the owner's after all goes on.
    assert owner.ok("POST", f"/v1/{hook['name']}:confirm")["enabled"]
    owner.ok("POST", f"/v1/{job['name']}:cancel")
    job = owner.job(file, [template], api_key=key["name"])
    assert owner.finished(job)["state"] == "COMPLETED"
    told = [message.told for message in receiver.wait("/stranger", 2)]
    # Messages arrive in any order.
    assert sorted(each["type"] for each in told) == ["job.cancelled", "job.completed"]
