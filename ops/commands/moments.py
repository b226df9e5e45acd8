"""Moments as an operator writes them."""

from datetime import UTC, datetime

from ops.errors import OpsError


def moment(text: str) -> datetime:
    """Read `2026-12-01T15:04:05.250Z`; raise OpsError. A time without a zone names no moment."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise OpsError(f"{text!r} is no moment: write it as 2026-12-01T15:04:05Z") from None
    if read.tzinfo is None:
        raise OpsError(f"{text!r} has no time zone: end it with Z for UTC, or with an offset such as +01:00")
    return read.astimezone(UTC)
