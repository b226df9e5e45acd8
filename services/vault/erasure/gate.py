"""The gate of an unsealed vault that must not serve yet: it refuses everyone but operators."""

from services.common.errors import DomainError, Kind

_OPERATORS = (
    "/smelt.vault.v1.OperatorService/",
    "/smelt.vault.v1.AuditOperatorService/",
    "/smelt.vault.v1.ErasureLedgerService/",
)


class VaultNotReady(DomainError):
    """A database was restored, or the databases have not been compared with the erasure ledger yet.

    The vault's log and GetVaultStatus say which.
    """

    reason = "VAULT_NOT_READY"
    kind = Kind.UNAVAILABLE
    message = "The vault is not ready; try again later"


class Gate:
    """Says whether the vault may serve; `why` is a sentence for the operator while it may not."""

    def __init__(self, why: str) -> None:
        self.why = why

    @property
    def closed(self) -> bool:
        return bool(self.why)

    def check(self) -> None:
        """Raise VaultNotReady while the gate is closed."""
        if self.closed:
            raise VaultNotReady

    async def ready(self) -> None:
        """The readiness check."""
        self.check()

    def may(self, method: str) -> None:
        """Raise VaultNotReady while the gate is closed, except for methods that operators repair with."""
        if not method.startswith(_OPERATORS):
            self.check()
