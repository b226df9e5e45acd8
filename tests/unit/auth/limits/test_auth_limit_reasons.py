"""Whatever is full answers alike: 429, with a reason that says which limit it is."""

from services.auth import service
from services.common.errors import DomainError, Kind


def auths_errors() -> set[type[DomainError]]:
    assert service  # imports everything that auth consists of
    return {error for error in DomainError.__subclasses__() if error.__module__.startswith("services.auth.")}


def test_a_limit_and_nothing_else_is_answered_as_exhausted() -> None:
    limits = {error.reason for error in auths_errors() if error.kind is Kind.EXHAUSTED}
    assert limits == {
        error.reason for error in auths_errors() if error.reason.endswith(("_LIMIT", "_RATE_LIMITED"))
    }
    assert {"ACCESS_TOKEN_LIMIT", "DATA_EXPORT_LIMIT", "LOGIN_RATE_LIMITED"} <= limits
