"""Refusals of result files, and of changes to rows."""

from services.common.errors import DomainError, Kind


class RowNotSucceeded(DomainError):
    """A row without answers has none to put back or to change."""

    reason = "ROW_NOT_SUCCEEDED"
    kind = Kind.PRECONDITION
    message = "The row has no answers that could be changed: only rows that succeeded have some"


class RowChanged(DomainError):
    """A row was changed at the same time."""

    reason = "ROW_CHANGED"
    kind = Kind.CONFLICT
    message = "The row was changed at the same moment; look at it and try again"


class ResultTooLarge(DomainError):
    """The format that was asked for cannot hold the result."""

    reason = "RESULT_TOO_LARGE"
    kind = Kind.PRECONDITION
    message = "The result is too large for this format; download it as CSV or JSON Lines"
