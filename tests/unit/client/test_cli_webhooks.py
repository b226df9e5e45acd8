"""Webhooks on the command line."""

from __future__ import annotations

import json

import pytest

from tests.unit.client.conftest import Server, Smelt

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = {
    "name": "webhooks/w1",
    "display_name": "mine",
    "url": "https://receiver.test/smelt",
    "events": ["job.completed", "job.paused"],
    "enabled": True,
    "disabled_reason": "",
}
SENT = {"name": "webhookDeliveries/d1", "webhook": "webhooks/w1", "event": "webhook.test", "state": "PENDING"}


@pytest.fixture(autouse=True)
def hasty(logged_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A logged-in person whose client does not wait between polls."""
    monkeypatch.setattr("smelt_client.cli.webhooks._LOOK_SECONDS", 0.0)


def test_a_secret_is_printed_once_and_alone(server: Server, smelt: Smelt) -> None:
    server.says({"name": "webhooks/w1", "webhook": HOOK, "signing_secret": SECRET}, 201)
    code, out, err = smelt("webhooks", "add", HOOK["url"], "-e", "job.completed", "--label", "mine")
    assert (code, out) == (0, f"{SECRET}\n")
    assert SECRET not in err
    assert server.body() == {"url": HOOK["url"], "events": ["job.completed"], "display_name": "mine"}


def test_a_new_secret_is_asked_for_with_its_overlap(server: Server, smelt: Smelt) -> None:
    server.says({"name": "webhooks/w1", "webhook": HOOK, "signing_secret": SECRET})
    code, out, _ = smelt("webhooks", "rotate-secret", "webhooks/w1", "--overlap-hours", "0", "--json")
    assert (code, json.loads(out)) == (0, {"name": "webhooks/w1", "signing_secret": SECRET})
    assert server.body() == {"overlap_hours": 0}


def test_webhooks_are_listed_with_why_one_is_silent(server: Server, smelt: Smelt) -> None:
    gone = {**HOOK, "enabled": False, "disabled_reason": "GONE"}
    server.says({"webhooks": [HOOK, gone], "next_page_token": ""})
    code, out, _ = smelt("webhooks", "list")
    first, second = out.splitlines()
    assert code == 0
    assert first.split("\t") == ["webhooks/w1", "mine", HOOK["url"], "job.completed,job.paused", "yes"]
    assert second.endswith("no (GONE)")


def test_a_webhook_is_switched_off_by_a_mask(server: Server, smelt: Smelt) -> None:
    server.says({**HOOK, "enabled": False, "disabled_reason": "OWNER"})
    code, out, _ = smelt("webhooks", "update", "webhooks/w1", "--disable")
    assert code == 0
    assert "no (OWNER)" in out
    assert server.body() == {"enabled": False}
    assert server.asked[-1].url.params["update_mask"] == "enabled"


def test_an_unconfirmed_webhook_is_confirmed_after_its_address_was_shown(
    server: Server, smelt: Smelt
) -> None:
    server.says({**HOOK, "enabled": False, "disabled_reason": "UNCONFIRMED"}).says(HOOK)
    code, out, _ = smelt("webhooks", "confirm", "webhooks/w1", "--yes")
    assert (code, "https://receiver.test/smelt" in out) == (0, True)
    assert server.paths()[-2:] == ["GET /v1/webhooks/w1", "POST /v1/webhooks/w1:confirm"]


def test_a_test_waits_for_its_end_and_fails_with_it(server: Server, smelt: Smelt) -> None:
    server.says(SENT)
    server.says(SENT)
    server.says({**SENT, "state": "FAILED", "attempts": 1, "status_code": 500, "reason": "HTTP_STATUS"})
    code, out, _ = smelt("webhooks", "test", "webhooks/w1")
    assert code == 1
    assert "HTTP_STATUS" in out
    assert "500" in out


def test_a_redelivery_that_is_taken_ends_with_0(server: Server, smelt: Smelt) -> None:
    server.says({**SENT, "attempts": 1})
    server.says({**SENT, "state": "DELIVERED", "attempts": 2, "status_code": 204})
    code, out, _ = smelt("webhooks", "redeliver", "d1", "--json")
    assert (code, json.loads(out)["status_code"]) == (0, 204)


def test_deliveries_are_listed_with_status_and_reason(server: Server, smelt: Smelt) -> None:
    failed = {**SENT, "event": "job.completed", "job": "jobs/j1", "state": "FAILED", "attempts": 10}
    server.says({"deliveries": [{**failed, "status_code": 503, "reason": "HTTP_STATUS"}]})
    code, out, _ = smelt("webhooks", "deliveries", "webhooks/w1")
    cells = out.splitlines()[0].split("\t")
    assert code == 0
    assert cells[2:8] == ["job.completed", "jobs/j1", "FAILED", "10", "503", "HTTP_STATUS"]
