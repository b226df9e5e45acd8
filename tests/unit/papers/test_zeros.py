"""Zero means zero: the numbers of the contracts for which it means something else are known, one by one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

#: What 0 means instead, and why nobody is harmed who means nothing by it.
KNOWN = {
    # A default in place of a number that cannot be 0.
    "CreateJobRequest.parallel_calls": "the account's setting",
    "JobSettings.parallel_calls": "the installation's setting",
    "UpdateJobSettingsRequest.parallel_calls": "the installation's setting",
    "ListFileRowsRequest.first": "the first row; reading is free",
    "ListFileRowsRequest.count": "fifty rows; reading is free",
    "Template.max_tokens": "the default, which is the least that a template needs",
    "ApiKey.timeout_seconds": "the installation's setting",
    "CreateApiKeyRequest.timeout_seconds": "the installation's setting",
    "DescribeApiKeyResponse.timeout_seconds": "the installation's setting",
    "SetManagedApiKeyRequest.timeout_seconds": "the installation's setting",
    "ReleasedApiKey.timeout_seconds": "the installation's setting",
    "ApiKeyAsk.timeout_ms": "five seconds",
    "RotateWebhookSecretRequest.overlap_hours": "no overlap, as one would think",
    # None at all, where a limit of 0 would make no sense.
    "Template.character_limit": "no limit; an answer has characters",
    "Template.word_limit": "no limit; an answer has words",
    "FileSettings.retention_days": "no period; nothing is deleted by mistake",
    "FileSettings.installation_retention_days": "no period; nothing is deleted by mistake",
    "UpdateFileSettingsRequest.retention_days": "no period; nothing is deleted by mistake",
    # Shown only.
    "Column.confidence": "no type",
    "Job.eta_seconds": "unknown or finished",
    "WebhookDelivery.status_code": "no response",
}
_MEANS = re.compile(r"\b0 (?:means|when|if|for|removes|returns|without)\b")
_FIELD = re.compile(r"(?:optional )?(?:u?int\d\d|double) (\w+) = \d+")


def found() -> set[str]:
    """Return such numbers as message.field; the indentation says which message a field is in."""
    names: set[str] = set()
    for path in (ROOT / "protos" / "smelt").rglob("*.proto"):
        messages: dict[int, str] = {}
        comment: list[str] = []
        for line in path.read_text().splitlines():
            text = line.strip()
            depth = len(line) - len(text)
            if text.startswith("//"):
                comment.append(text[2:].strip())
                continue
            if opened := re.match(r"message (\w+) {", text):
                messages[depth] = opened[1]
            field = _FIELD.match(text)
            if field and field[1] != "page_size" and _MEANS.search(" ".join(comment)):
                names.add(f"{messages[depth - 2]}.{field[1]}")
            comment = []
    return names


def test_every_number_whose_zero_means_something_else_is_known() -> None:
    assert found() == set(KNOWN)
