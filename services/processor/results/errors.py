"""Refusals of result files."""

from services.common.errors import DomainError, Kind


class ResultTooLarge(DomainError):
    """The format that was asked for cannot hold the result."""

    reason = "RESULT_TOO_LARGE"
    kind = Kind.PRECONDITION
    message = "The result is too large for this format; download it as CSV or JSON Lines"
