"""What a vault that is unsealed but must not work yet answers to all but operators: that it is not ready."""

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
    """Whether the vault may work; `why` is a sentence for the operator while it may not."""

    def __init__(self, why: str) -> None:
        self.why = why

    @property
    def closed(self) -> bool:
        return bool(self.why)

    def check(self) -> None:
        """Raise VaultNotReady while it is closed."""
        if self.closed:
            raise VaultNotReady

    async def ready(self) -> None:
        """The readiness check."""
        self.check()

    def may(self, method: str) -> None:
        """Raise VaultNotReady while it is closed, but for what operators look and repair with."""
        if not method.startswith(_OPERATORS):
            self.check()
