"""What the vault refuses with: each reason and its kind."""

from services.common.errors import DomainError, Kind

KINDS = {
    "ACCOUNT_ERASED": Kind.PRECONDITION,
    "API_KEY_DELETED": Kind.PRECONDITION,
    "API_KEY_NOT_FOUND": Kind.NOT_FOUND,
    "AUDIT_UNAVAILABLE": Kind.UNAVAILABLE,
    "CALLER_NOT_ALLOWED": Kind.FORBIDDEN,
    "DATA_KEY_CONTEXT_INVALID": Kind.FORBIDDEN,
    "DATA_KEY_INVALID": Kind.DAMAGED,
    "GRANT_EXHAUSTED": Kind.EXHAUSTED,
    "GRANT_EXPIRED": Kind.PRECONDITION,
    "GRANT_INVALID": Kind.FORBIDDEN,
    "GRANT_REVOKED": Kind.PRECONDITION,
    "INVALID_REQUEST": Kind.INVALID,
    "NO_API_KEY": Kind.PRECONDITION,
    "PAGE_TOKEN_INVALID": Kind.INVALID,
    "PEPPER_NOT_FOUND": Kind.NOT_FOUND,
    "RELEASE_REPLAYED": Kind.EXISTS,
    "SCOPE_MISSING": Kind.FORBIDDEN,
    "UNAUTHENTICATED": Kind.UNAUTHENTICATED,
    "UNAVAILABLE": Kind.UNAVAILABLE,
    "WEBHOOK_SECRET_INVALID": Kind.DAMAGED,
}


class Refused(DomainError):
    """A refusal by its reason; the kind is the vault's, the message is not."""

    def __init__(self, reason: str) -> None:
        self.reason, self.kind = reason, KINDS[reason]
        super().__init__(f"the stand-in for the vault refuses: {reason}")
