"""After a restore, what had ended is tried again as an attacker would: over REST, with what was kept."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.api import PASSWORD, Person, reason, register
from tests.e2e.test_people import mail, mails, token_in
from tests.integration.ops.restored_stack import RestoredStack, restored_stack
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.ports import free_port
from tests.support.provider import Provider
from tests.support.webhook_receiver import Receiver, receiving

NEW = "another horse, another battery"
ROWS = 60


@dataclass
class Past:
    """What people had at the moment, and what became of it since."""

    world: RestoredStack
    http: httpx2.Client
    receiver: Receiver
    stays: Person = field(init=False)
    leaves: Person = field(init=False)
    changes: Person = field(init=False)
    resets: Person = field(init=False)
    tokens: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def live(self) -> None:
        """Until the moment."""
        provider = Provider(urlsplit(self.world.stack.provider_url).netloc)
        provider.script(latency_ms=400)
        for who in ("stays", "leaves", "changes", "resets"):
            setattr(self, who, register(self.http))
        self.tokens["left"] = self._session(self.stays)
        for name in ("revoked", "kept"):
            made = self.stays.ok(
                "POST", "/v1/accessTokens", {"display_name": name, "scopes": ["read", "write"]}
            )
            self.names[name], self.tokens[name] = made["name"], made["token"]
        for name in ("deleted key", "kept key"):
            self.names[name] = self.stays.add_key(self.world.stack.provider_url)["name"]
        for name in ("deleted webhook", "kept webhook"):
            path, events = f"/{name.split()[0]}", ["job.completed", "job.paused"]
            hook = {"url": self.receiver.url(path), "events": events}
            self.names[name] = self.stays.ok("POST", "/v1/webhooks", hook)["name"]
        self.http.post("/v1/passwordResets", json={"email": self.resets.email})
        self.tokens["reset"] = token_in(mail(self.world.stack, self.resets.email))
        file = self.stays.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(1, ROWS + 1)))
        self.names["file"] = file["name"]
        job = self.stays.job(
            file,
            [self.stays.template("Say {{n}}")],
            parallel_calls=4,
            api_key=self.names["kept key"],
        )
        self.names["job"] = job["name"]
        provider.wait_for(ROWS // 3)
        # So that the job is not over before the backup is made.
        provider.script(latency_ms=8000)
        provider.stop()

    def end(self) -> None:
        """Since the moment."""
        provider = Provider(urlsplit(self.world.stack.provider_url).netloc)
        provider.script()
        provider.stop()
        stays = self.stays
        assert stays.finished({"name": self.names["job"]})["state"] == "COMPLETED"
        assert _get(self.http, self.tokens["left"]) == 200
        current = {"authorization": f"Bearer {self.tokens['left']}"}
        assert self.http.delete("/v1/sessions/current", headers=current).status_code == 200
        assert _get(self.http, self.tokens["left"]) == 401
        for name in ("revoked", "deleted key", "deleted webhook"):
            assert stays.call("DELETE", f"/v1/{self.names[name]}").status_code == 200
        rotated = stays.ok("POST", f"/v1/{self.names['kept webhook']}:rotateSecret", {})
        self.tokens["rotated secret"] = rotated["signing_secret"]
        self.leaves.ok("POST", "/v1/users/me:delete", {"password": PASSWORD})
        self.changes.ok(
            "POST", "/v1/users/me:changePassword", {"current_password": PASSWORD, "new_password": NEW}
        )
        done = self.http.post(
            "/v1/passwordResets:confirm", json={"token": self.tokens["reset"], "new_password": NEW}
        )
        assert done.status_code == 200, done.text

    def _session(self, person: Person) -> str:
        answer = self.http.post("/v1/sessions", json={"email": person.email, "password": PASSWORD})
        token: str = answer.json()["token"]
        return token


@pytest.fixture(scope="module")
def past() -> Iterator[Past]:
    port = free_port()
    with receiving(port) as receiver, restored_stack(SMELT_PRIVATE_WEBHOOKS=f"127.0.0.1:{port}") as world:
        world.start()
        with world.http() as http:
            made = Past(world, http, receiver)
            made.live()
            world.remember()
            made.end()
        world.stop()
        yield made


def _get(http: httpx2.Client, token: str) -> int:
    return http.get("/v1/users/me", headers={"authorization": f"Bearer {token}"}).status_code


def _signs_in(http: httpx2.Client, person: Person, password: str = PASSWORD) -> int:
    answer = http.post("/v1/sessions", json={"email": person.email, "password": password})
    return answer.status_code


def _reopen(world: RestoredStack) -> None:
    """Start, and do what the launcher's line says."""
    world.begin_start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "vault waits for its operator: " not in world.launcher.said():
        assert time.monotonic() < deadline, world.launcher.said()
        time.sleep(0.1)
    status, said = world.operator("status")
    assert (status, "replay the erasures" in said) == (1, True), said
    status, said = world.operator("erasures", "replay")
    assert status == 0, said
    world.stack = world.launcher.wait_started()


def _is_over(past: Past, http: httpx2.Client) -> None:
    """Assert that nothing works that had ended, whether or not there was a shadow."""
    for ended in ("left", "revoked"):
        assert _get(http, past.tokens[ended]) == 401, ended
    # These may have been ended since or not: all end.
    for person in (past.stays, past.leaves, past.changes, past.resets):
        assert _get(http, person.token) == 401
    for person in (past.leaves, past.changes, past.resets):
        assert _signs_in(http, person) == 401
    used = http.post(
        "/v1/passwordResets:confirm", json={"token": past.tokens["reset"], "new_password": PASSWORD}
    )
    assert (used.status_code, reason(used)) == (400, "RESET_TOKEN_INVALID")


def _goes_on(past: Past, person: Person, done: set[int]) -> None:
    """Resume the job, and assert that it pays for nothing that was paid for by the moment."""
    job = {"name": past.names["job"]}
    paused = person.ok("GET", f"/v1/{job['name']}")
    assert (paused["state"], paused["pause_reason"]) == ("PAUSED", "RESTORED")
    deleted = person.call("GET", f"/v1/{past.names['deleted key']}")
    assert (deleted.status_code, reason(deleted)) == (404, "API_KEY_NOT_FOUND")
    refused = person.call("POST", f"/v1/{job['name']}:resume", {"api_key": past.names["deleted key"]})
    assert refused.status_code in (400, 404)
    provider = Provider(urlsplit(past.world.stack.provider_url).netloc)
    person.ok("POST", f"/v1/{job['name']}:resume", {})
    ended = person.finished(job)
    assert (ended["state"], ended["request_counts"]["succeeded"]) == ("COMPLETED", ROWS)
    asked = Counter(provider.prompts())
    provider.stop()
    open_rows = {f"Say row {row}" for row in range(1, ROWS + 1) if row not in done}
    assert set(asked) == open_rows
    assert set(asked.values()) == {1}
    assert len(person.results(job).splitlines()) == ROWS + 1


@pytest.mark.promise("S56")
@pytest.mark.timeout(900)
def test_what_had_ended_stays_ended_after_a_restore(past: Past) -> None:
    world = past.world
    report, again, done = world.restore(shadow=True, job=past.names["job"].removeprefix("jobs/"))
    assert 0 < len(done) < ROWS
    assert report.counts | {"accounts buried": 1, "passwords void": 2, "webhooks removed": 1} == report.counts
    assert (report.counts["access tokens ended"], report.counts["jobs paused"]) == (1, 1)
    # A run that was killed before it could note its end changes nothing in the next one.
    assert again.counts == {"settled before": 1}
    _reopen(world)
    with world.http() as http:
        _is_over(past, http)
        assert _get(http, past.tokens["kept"]) == 200
        assert _signs_in(http, past.stays) == 201
        person = Person(http=http, email=past.stays.email, token=past.tokens["kept"])
        hooks = {hook["name"] for hook in person.ok("GET", "/v1/webhooks")["webhooks"]}
        assert hooks == {past.names["kept webhook"]}
        before = len(past.receiver.at("/deleted"))
        _goes_on(past, person, done)
        told = past.receiver.wait("/kept", 2)[-1]
        # The secret was replaced since, and the receiver knows the new one.
        assert told.verified(past.tokens["rotated secret"])
        assert len(past.receiver.at("/deleted")) == before
    assert world.finish().counts["orphan sweep released"] == 1
    status, said = world.operator("audit", "verify")
    # Records that a checkpoint covers are missing, and a replay is on record since.
    assert (status, "cut off: a checkpoint knows record" in said) == (2, True) or status == 0, said
    world.stop()


@pytest.mark.promise("S56")
@pytest.mark.long
@pytest.mark.timeout(900)
def test_without_a_shadow_more_ends_than_must(past: Past) -> None:
    """Restores the same moment a second time: its timeline then has the number that the ledger knows."""
    world = past.world
    report, _, done = world.restore(shadow=False, job=past.names["job"].removeprefix("jobs/"))
    assert report.counts["passwords void"] >= 4
    _reopen(world)
    with world.http() as http:
        _is_over(past, http)
        assert _get(http, past.tokens["kept"]) == 401
        assert _signs_in(http, past.stays) == 401
        http.post("/v1/passwordResets", json={"email": past.stays.email})
        token = token_in(_newest_mail(past))
        set_anew = {"token": token, "new_password": NEW}
        assert http.post("/v1/passwordResets:confirm", json=set_anew).status_code == 200
        signed_in = http.post("/v1/sessions", json={"email": past.stays.email, "password": NEW})
        person = Person(http=http, email=past.stays.email, token=signed_in.json()["token"])
        hooks = person.ok("GET", "/v1/webhooks")["webhooks"]
        assert {hook["disabled_reason"] for hook in hooks} == {"UNCONFIRMED"}
        before = len(past.receiver.received)
        _goes_on(past, person, done)
        assert len(past.receiver.received) == before
    world.stop()


def _newest_mail(past: Past) -> str:
    """Return the mail with a link, once it has arrived; other mails came before it."""

    def linked() -> list[str]:
        return [text for text in mails(past.world.stack, past.stays.email) if "#token=" in text]

    until(lambda: bool(linked()), "no mail with a link came")
    return linked()[-1]
