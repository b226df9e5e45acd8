"""Messages that a webhook receives: checked before they are believed. Nothing here sends anything."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from .errors import BadSettings, SmeltError

_PREFIX = "whsec_"
_VERSION = "v1"


class MessageNotGenuine(SmeltError):
    """A message has no signature that is made with this secret, or is too old or too new."""


def verified_message(
    body: bytes, headers: Mapping[str, str], secret: str, *, tolerance_seconds: float = 300
) -> dict[str, Any]:
    """Return a webhook's message; raise MessageNotGenuine for one that Smelt did not just send.

    `body` is the request's as it arrived, `headers` its headers in any case, and `secret` the webhook's,
    which begins with `whsec_`. A message may arrive more than once: its id is `headers["webhook-id"]`.
    """
    said = {name.lower(): value for name, value in headers.items()}
    id_, sent = said.get("webhook-id", ""), said.get("webhook-timestamp", "")
    # Digits alone: `int` would take underscores, white space and other scripts.
    if not (sent.isascii() and sent.isdecimal() and len(sent) <= 15):
        raise MessageNotGenuine("the message has no valid time")
    expected = hmac.digest(_key(secret), f"{id_}.{sent}.".encode() + body, "sha256")
    if not any(hmac.compare_digest(expected, each) for each in _signatures(said)):
        raise MessageNotGenuine("no signature of the message is made with this secret")
    if abs(time.time() - int(sent)) > tolerance_seconds:
        raise MessageNotGenuine("the message is too old, or one of the clocks is wrong")
    message = json.loads(body)
    if not isinstance(message, dict):
        raise MessageNotGenuine("the message is no JSON object")
    return message


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # The error itself would not show the secret, but its context would.
        raise BadSettings("the secret of a webhook is whsec_ and base64") from None


def _signatures(headers: Mapping[str, str]) -> list[bytes]:
    found = []
    for each in headers.get("webhook-signature", "").split(" "):
        version, _, text = each.partition(",")
        if version == _VERSION:
            try:
                found.append(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                continue
    return found
