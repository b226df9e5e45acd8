"""Webhooks and their deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .reading import raw_field


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that receives messages about jobs."""

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
    """A webhook's new secret. Only the response that creates it holds it, and the repr leaves it out."""

    name: str
    signing_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One message to a webhook: its event and its outcome."""

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
