"""Accounts, sessions, access tokens, and what is held of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .reading import raw_field


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    name: str
    email: str
    create_time: datetime | None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Session:
    """A session; the tokens are in no repr, and only the answer to a login has them."""

    name: str
    expire_time: datetime | None
    token: str = field(default="", repr=False)
    #: For the next login from here: strangers who fail with the same address do not keep this device out.
    device_token: str = field(default="", repr=False)
    device: str = ""
    client_address: str = ""
    create_time: datetime | None = None
    last_used_time: datetime | None = None
    current: bool = False
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token as it can be seen after it was made."""

    name: str
    display_name: str
    scopes: tuple[str, ...]
    create_time: datetime | None
    expire_time: datetime | None
    last_used_time: datetime | None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    """A new access token; the token is in no repr, and only the answer to its making has it."""

    name: str
    display_name: str
    scopes: tuple[str, ...]
    expire_time: datetime | None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DataExport:
    """An export of everything that is held of the account."""

    name: str
    state: str
    create_time: datetime | None
    end_time: datetime | None
    expire_time: datetime | None
    size_bytes: int
    sha256: str
    raw: Mapping[str, Any] = raw_field

    @property
    def is_ended(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state not in ("PENDING", "RUNNING")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Something that happened to the account or its keys."""

    name: str
    time: datetime | None
    action: str
    outcome: str
    object: str
    client_address: str
    user_agent: str
    details: Mapping[str, str]
    raw: Mapping[str, Any] = raw_field
