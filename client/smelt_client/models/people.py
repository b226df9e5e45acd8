"""Accounts, sessions, access tokens, exports and audit events."""

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
    #: How the password could be stronger; only after registering, and empty for a strong one.
    password_advice: str = ""
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class EndedAccess:
    """What no longer works because it dates from before a proof of the address, or a new password."""

    sessions: int = 0
    devices: int = 0
    access_tokens: int = 0
    #: Switched off until they are confirmed.
    webhooks: int = 0
    #: Paused until they are resumed.
    jobs: int = 0
    #: No longer active.
    api_keys: int = 0
    #: Whether the earlier password no longer works although none was set.
    password: bool = False
    #: Whether webhooks, jobs and API keys are still being suspended.
    pending: bool = False
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class NewPassword:
    """What ended with a new password, and how the password could be stronger."""

    ended: EndedAccess = field(default_factory=EndedAccess)
    password_advice: str = ""
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Session:
    """A session. Only the response to a login holds the tokens, and the repr leaves them out."""

    name: str
    expire_time: datetime | None
    token: str = field(default="", repr=False)
    #: For the next login from this device: it keeps strangers' failed logins from locking the device out.
    device_token: str = field(default="", repr=False)
    device: str = ""
    client_address: str = ""
    create_time: datetime | None = None
    last_used_time: datetime | None = None
    current: bool = False
    #: Set if the login was the first proof of the e-mail address.
    ended: EndedAccess = field(default_factory=EndedAccess)
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token's details, without the token itself."""

    name: str
    display_name: str
    scopes: tuple[str, ...]
    create_time: datetime | None
    expire_time: datetime | None
    last_used_time: datetime | None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    """A new access token. Only the response that creates it holds the token, and the repr leaves it out."""

    name: str
    display_name: str
    scopes: tuple[str, ...]
    expire_time: datetime | None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DataExport:
    """An export of everything held about the account."""

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
        """Whether the export has completed, failed or expired."""
        return self.state not in ("PENDING", "RUNNING")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An event in the history of the account or its keys."""

    name: str
    time: datetime | None
    action: str
    outcome: str
    object: str
    client_address: str
    user_agent: str
    details: Mapping[str, str]
    #: Whether a service did it by itself in the course of what somebody asked for, and it succeeded.
    automatic: bool = False
    raw: Mapping[str, Any] = raw_field
