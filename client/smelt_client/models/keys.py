"""API keys of a provider, without their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .reading import raw_field


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A saved API key of a provider, without its secret."""

    name: str
    label: str
    hint: str
    base_url: str
    active: bool
    create_time: datetime | None
    last_used_time: datetime | None
    #: NOT_TESTED, VALID, INVALID, NO_CREDITS or UNREACHABLE.
    last_test_result: str
    last_tested_time: datetime | None
    #: How it is sent: OPENAI or AZURE_OPENAI.
    kind: str
    #: How long the provider may take for one answer; 0 means as long as the installation says.
    timeout_seconds: int
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class ApiKeyUse:
    """Releases, or refusals with their reason, of a key for one job within one hour."""

    job: str
    outcome: str
    reason: str
    count: int
    start_time: datetime | None
    end_time: datetime | None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class ModelTest:
    """What one model came to in a test: whether rows would be answered, and what its provider refuses."""

    model: str
    works: bool
    message: str
    provider_message: str
    refused_parameters: tuple[str, ...]
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class KeyTest:
    """The result of testing an API key: VALID, INVALID, NO_CREDITS or UNREACHABLE, and a sentence.

    `provider_message` is what the provider said, if it refused the call.
    """

    name: str
    result: str
    message: str
    test_time: datetime | None
    provider_message: str
    models: tuple[ModelTest, ...]
    #: Models of your templates that were not asked.
    models_left_out: tuple[str, ...]
    raw: Mapping[str, Any] = raw_field

    @property
    def is_valid(self) -> bool:
        """Whether the provider accepts the key."""
        return self.result == "VALID"
