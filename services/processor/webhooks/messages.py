"""What is sent to a webhook, by Standard Webhooks: a body without anything of a row, and its signatures.

The same delivery has the same id and body each time that it is sent; time and signatures are the attempt's.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class Message:
    """What a delivery tells."""

    id: str
    webhook: str
    event: str
    time: datetime
    #: Empty for a test, as is all that follows.
    job: str = ""
    job_state: str = ""
    pause_reason: str = ""
    error_reason: str = ""
    total: int = 0
    succeeded: int = 0
    failed: int = 0


def body(message: Message) -> bytes:
    """Return the body of a message."""
    data: dict[str, Any] = {"webhook": f"webhooks/{message.webhook}"}
    if message.job:
        data = {
            "job": f"jobs/{message.job}",
            "state": message.job_state,
            "pause_reason": message.pause_reason,
            "error_reason": message.error_reason,
            "request_counts": {
                "total": message.total,
                "succeeded": message.succeeded,
                "failed": message.failed,
            },
        }
    time = message.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"type": message.event, "timestamp": time, "data": data})


def message_id(message: Message) -> str:
    """Return what receivers know a message by, however often it is sent."""
    return f"msg_{message.id}"


def signed_content(message: Message, content: bytes, *, seconds: int) -> bytes:
    """Return what is signed: id, time of the attempt and body, joined by dots."""
    return f"{message_id(message)}.{seconds}.".encode() + content


def headers(message: Message, signatures: Sequence[bytes], *, seconds: int) -> Mapping[str, str]:
    """Return the headers of an attempt, with a signature for each secret that is taken."""
    return {
        "content-type": "application/json",
        "user-agent": "Smelt-Webhooks",
        "webhook-id": message_id(message),
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join("v1," + base64.b64encode(each).decode() for each in signatures),
    }
