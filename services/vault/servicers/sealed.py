"""The answers of a sealed vault: every call is refused, except the operator's."""

from typing import NoReturn

from services.common.errors import DomainError, Kind

_OPERATOR = "/smelt.vault.v1.OperatorService/"


class VaultSealed(DomainError):
    """The vault has no access to its keys; its log and GetVaultStatus say which root key it needs."""

    reason = "VAULT_SEALED"
    kind = Kind.UNAVAILABLE
    message = "The vault is sealed; its operator must provide the root key"


def may(method: str) -> None:
    """Raise VaultSealed for every method except the operator's, which handle this themselves."""
    if not method.startswith(_OPERATOR):
        raise VaultSealed


async def refuse_readiness() -> NoReturn:
    """The readiness check of a sealed vault."""
    raise VaultSealed
