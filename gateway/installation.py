"""What the gateway tells everybody of its installation: its version, who may register, and its limits."""

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from gateway.schemas import Schema
from services.common.settings import Settings
from services.common.version import VERSION

PATH = "/v1/installation"
#: The limits that a client can meet before a service tells of them, in the order of the answer.
LIMITS = {
    "max_upload_bytes": "The largest upload, in bytes.",
    "max_rows": "The most data rows of a file.",
    "max_columns": "The most columns of a file.",
    "max_field_bytes": "The largest cell, in bytes of UTF-8.",
    "max_files": "The most files of an account.",
    "max_templates": "The most templates of an account.",
    "max_jobs": "The most jobs of an account that are stored, ended ones included.",
    "max_live_jobs": "The most jobs of an account that have not ended.",
    "parallel_calls": "Provider calls in flight of a job that does not set its own number.",
    "max_parallel_calls": "The most provider calls in flight of any job.",
    "file_retention_days": "Days after which everybody's files are removed; 0 keeps them.",
    "session_days": "The longest life of a session, in days.",
    "session_idle_days": "A session ends after this many days without use.",
}


class InstallationSettings(Settings):
    """Settings of other processes that the gateway tells everybody; the size of uploads it bounds as well.
    A test keeps the defaults equal."""

    sign_up: Literal["open", "first"] = "open"
    verify_email: bool = False
    plan: Literal["free", "starter", "growth", "scale", "unlimited"] = "unlimited"
    max_upload_bytes: int = Field(default=50 * 1024 * 1024, ge=1)
    max_rows: int = Field(default=50_000, ge=1)
    max_columns: int = Field(default=100, ge=1)
    max_field_bytes: int = Field(default=131_072, ge=1)
    max_files: int = Field(default=1000, ge=1)
    max_templates: int = Field(default=1000, ge=1)
    max_jobs: int = Field(default=10_000, ge=1)
    max_live_jobs: int = Field(default=1000, ge=1)
    parallel_calls: int = Field(default=5, ge=1)
    max_parallel_calls: int = Field(default=1000, ge=1)
    file_retention_days: int = Field(default=0, ge=0)
    session_days: int = Field(default=30, ge=1)
    session_idle_days: int = Field(default=7, ge=1)
    #: Whether the operator has stored a key that everybody may use; the vault alone knows it otherwise.
    managed_key: bool = False
    #: A provider that answers without a key of anybody's, for people who try things out.
    stand_in_url: str = ""

    @field_validator("stand_in_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or any(c.isspace() for c in value)):
            raise ValueError("must be the base URL of a provider, such as http://127.0.0.1:9000/v1")
        return value


def installation(settings: InstallationSettings) -> dict[str, Any]:
    """The document, ready for JSON."""
    stand_in = {"base_url": settings.stand_in_url} if settings.stand_in_url else None
    return {
        "version": VERSION,
        "sign_up": settings.sign_up,
        "verify_email": settings.verify_email,
        "plan": settings.plan,
        "managed_key": settings.managed_key,
        "stand_in_provider": stand_in,
        "limits": {name: getattr(settings, name) for name in LIMITS},
    }


def installation_path() -> dict[str, Any]:
    """The operation of the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Installation"}
    return {
        "get": {
            "operationId": "GetInstallation",
            "tags": ["Installation"],
            "summary": "Returns what this installation is and allows",
            "description": "Returns what this installation is and allows. Needs no session. "
            "What it says is set by the operator and changes only with a restart.",
            "security": [],
            "responses": {
                "200": {"description": "Done.", "content": {"application/json": {"schema": schema}}},
            },
        }
    }


def installation_schema() -> Schema:
    """The schema of the answer. The gateway makes it itself, so there is no message in the protos."""
    whole = {"type": "integer", "minimum": 0}
    properties: dict[str, Schema] = {
        "version": {"type": "string", "description": "The version of Smelt."},
        "sign_up": {
            "type": "string",
            "enum": ["open", "first"],
            "description": "Who may register: everybody, or nobody after the first account.",
        },
        "verify_email": {
            "type": "boolean",
            "description": "Whether an account can be used only after the link in its mail was opened.",
        },
        "plan": {
            "type": "string",
            "enum": ["free", "starter", "growth", "scale", "unlimited"],
            "description": "What each account may use in a month; `GET /v1/usage` has the numbers.",
        },
        "managed_key": {
            "type": "boolean",
            "description": "Whether jobs can use `apiKeys/managed`, the operator's key.",
        },
        "stand_in_provider": {
            "type": ["object", "null"],
            "description": "A provider that makes its answers up, for an API key with any secret; null if "
            "none is offered.",
            "required": ["base_url"],
            "properties": {
                "base_url": {"type": "string", "description": "The `base_url` of such an API key."}
            },
        },
        "limits": {
            "type": "object",
            "description": "What is refused beyond these numbers.",
            "required": list(LIMITS),
            "properties": {name: {**whole, "description": text} for name, text in LIMITS.items()},
        },
    }
    return {
        "type": "object",
        "description": "What this installation is and allows.",
        "required": list(properties),
        "properties": properties,
    }
