"""What a vault without its keys answers: that it is sealed, to everything."""

from collections.abc import Callable
from typing import Any, NoReturn

from google.protobuf import descriptor_pool

from services.common.errors import DomainError, Kind
from services.common.rpc.server import Registration


class VaultSealed(DomainError):
    """The vault has no access to its keys; its log and GetVaultStatus say which root key it wants."""

    reason = "VAULT_SEALED"
    kind = Kind.UNAVAILABLE
    message = "The vault is sealed"


async def refuse_readiness() -> NoReturn:
    """The readiness check of a sealed vault."""
    raise VaultSealed


def sealed(service: str, add: Callable[[Any, Any], None]) -> Registration:
    """Return a registration of a service whose every method raises VaultSealed."""
    methods = descriptor_pool.Default().FindServiceByName(service).methods
    answers = {method.name: _stream if method.server_streaming else _single for method in methods}
    return add, type("Sealed", (), {name: staticmethod(answer) for name, answer in answers.items()})()


async def _single(request: Any, context: Any) -> NoReturn:
    raise VaultSealed


async def _stream(request: Any, context: Any) -> Any:
    raise VaultSealed
    yield
