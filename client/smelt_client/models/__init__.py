"""The API's responses as frozen values. `raw` holds the JSON itself, including fields newer than this SDK."""

from .files import Column, ColumnProfile, File, FileProfile, FileRow, FileSettings, Quality
from .jobs import (
    FINAL_STATES,
    Estimate,
    Finding,
    Job,
    JobRow,
    JobSettings,
    Problem,
    RequestCounts,
    Usage,
    UsagePart,
)
from .keys import ApiKey, ApiKeyUse, KeyTest, ModelTest
from .people import (
    AccessToken,
    AuditEvent,
    DataExport,
    EndedAccess,
    NewAccessToken,
    NewPassword,
    Session,
    User,
)
from .reading import Page, page_of, parse
from .templates import Model, Preview, Template, Tested, TestedRow, TestedStep, Variable
from .webhooks import NewSecret, Webhook, WebhookDelivery

__all__ = [
    "FINAL_STATES",
    "AccessToken",
    "ApiKey",
    "ApiKeyUse",
    "AuditEvent",
    "Column",
    "ColumnProfile",
    "DataExport",
    "EndedAccess",
    "Estimate",
    "File",
    "FileProfile",
    "FileRow",
    "FileSettings",
    "Finding",
    "Job",
    "JobRow",
    "JobSettings",
    "KeyTest",
    "Model",
    "ModelTest",
    "NewAccessToken",
    "NewPassword",
    "NewSecret",
    "Page",
    "Preview",
    "Problem",
    "Quality",
    "RequestCounts",
    "Session",
    "Template",
    "Tested",
    "TestedRow",
    "TestedStep",
    "Usage",
    "UsagePart",
    "User",
    "Variable",
    "Webhook",
    "WebhookDelivery",
    "page_of",
    "parse",
]
