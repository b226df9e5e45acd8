"""What a server is and allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .reading import raw_field


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused beyond these numbers. `file_retention_days` is 0 if files are kept."""

    max_upload_bytes: int
    max_rows: int
    max_columns: int
    max_field_bytes: int
    max_files: int
    max_templates: int
    max_jobs: int
    max_live_jobs: int
    parallel_calls: int
    max_parallel_calls: int
    file_retention_days: int
    session_days: int
    session_idle_days: int


@dataclass(frozen=True, slots=True)
class StandInProvider:
    """A provider that makes its answers up, for trying things out; without one, `base_url` is empty."""

    base_url: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What a server is and allows. `sign_up` is `open`, or `first`: nobody after the first account."""

    version: str
    sign_up: str
    verify_email: bool
    plan: str
    managed_key: bool
    stand_in_provider: StandInProvider
    limits: Limits
    raw: Mapping[str, Any] = raw_field
