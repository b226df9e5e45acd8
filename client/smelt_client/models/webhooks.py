"""Webhooks and what was sent to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .reading import raw_field


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages about jobs go."""

    name: str
    display_name: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    disabled_reason: str
    create_time: datetime | None
    update_time: datetime | None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook's new secret, in no repr; only the answer to its making has it."""

    name: str
    signing_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One message to a webhook: what it tells of, and what became of it."""

    name: str
    webhook: str
    event: str
    job: str
    state: str
    attempts: int
    status_code: int
    reason: str
    create_time: datetime | None
    last_attempt_time: datetime | None
    next_attempt_time: datetime | None
    raw: Mapping[str, Any] = raw_field
