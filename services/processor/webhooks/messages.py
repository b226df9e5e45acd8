"""What is sent to a webhook, following Standard Webhooks: a body without any row data, and its signatures.

A delivery has the same id and body each time it is sent; its time and signatures belong to the attempt.
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
    """The content of a delivery."""

    id: str
    webhook: str
    event: str
    time: datetime
    #: Empty for a test, as are all fields that follow.
    job: str = ""
    job_state: str = ""
    pause_reason: str = ""
    error_reason: str = ""
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


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
                "skipped": message.skipped,
            },
        }
    time = message.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"type": message.event, "timestamp": time, "data": data})


def message_id(message: Message) -> str:
    """Return the id by which receivers recognise a message, however often it is sent."""
    return f"msg_{message.id}"


def signed_content(message: Message, content: bytes, *, seconds: int) -> bytes:
    """Return what is signed: id, time of the attempt and body, joined by dots."""
    return f"{message_id(message)}.{seconds}.".encode() + content


def headers(message: Message, signatures: Sequence[bytes], *, seconds: int) -> Mapping[str, str]:
    """Return the headers of an attempt, with a signature for each valid secret."""
    return {
        "content-type": "application/json",
        "user-agent": "Smelt-Webhooks",
        "webhook-id": message_id(message),
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join("v1," + base64.b64encode(each).decode() for each in signatures),
    }
