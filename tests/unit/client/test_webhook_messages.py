"""Webhook messages are believed only with a signature by the secret, and soon after they were sent."""

from __future__ import annotations

import base64
import hmac
import json
import time

import pytest
from smelt_client import BadSettings, MessageNotGenuine, verified_message

KEY = bytes(range(24))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = json.dumps({"type": "job.completed", "data": {"job": "jobs/a"}}).encode()


def signed(body: bytes = BODY, *, key: bytes = KEY, age: int = 0) -> dict[str, str]:
    sent = str(int(time.time()) - age)
    code = base64.b64encode(hmac.digest(key, f"m1.{sent}.".encode() + body, "sha256")).decode()
    # After a rotation there are two.
    return {"Webhook-Id": "m1", "Webhook-Timestamp": sent, "Webhook-Signature": f"v1,AAAA v1,{code}"}


def test_a_genuine_message_is_returned() -> None:
    assert verified_message(BODY, signed(), SECRET)["data"] == {"job": "jobs/a"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY + b" ", signed()),
        (BODY, signed(key=b"another key")),
        (BODY, signed(age=3600)),
        (BODY, signed(age=-3600)),
        (BODY, {**signed(), "Webhook-Id": "m2"}),
        (BODY, {**signed(), "Webhook-Timestamp": "1_0"}),
        (BODY, {**signed(), "Webhook-Signature": "v1,not base64 v2,AAAA"}),
        (BODY, {}),
        (b"[]", signed(b"[]")),
    ],
    ids=[
        "altered",
        "other secret",
        "old",
        "early",
        "other id",
        "no time",
        "no signature",
        "nothing",
        "a list",
    ],
)
def test_everything_else_is_refused(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(MessageNotGenuine):
        verified_message(body, headers, SECRET)


def test_a_secret_of_another_form_is_named_without_being_shown() -> None:
    with pytest.raises(BadSettings) as caught:
        verified_message(BODY, signed(), "whsec_not base64")
    assert "not base64" not in str(caught.value)
    assert caught.value.__cause__ is None
