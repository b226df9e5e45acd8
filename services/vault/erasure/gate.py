"""What a vault that is unsealed but must not work yet answers to all but operators: that it is not ready."""

from collections.abc import Callable
from typing import Any

from google.protobuf import descriptor_pool

from services.common.errors import DomainError, Kind
from services.common.rpc.server import Registration


class VaultNotReady(DomainError):
    """The databases were restored, or were not compared yet; log and GetVaultStatus say more."""

    reason = "VAULT_NOT_READY"
    kind = Kind.UNAVAILABLE
    message = "The vault is not ready"


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

    def guarded(self, service: str, add: Callable[[Any, Any], None], servicer: Any) -> Registration:
        """Return a registration of a servicer that answers only while the gate is open."""
        methods = descriptor_pool.Default().FindServiceByName(service).methods
        answers = {
            method.name: (self._stream if method.server_streaming else self._single)(
                getattr(servicer, method.name)
            )
            for method in methods
        }
        return add, type("Guarded", (), {name: staticmethod(answer) for name, answer in answers.items()})()

    def _single(self, inner: Any) -> Any:
        async def answer(request: Any, context: Any) -> Any:
            self.check()
            return await inner(request, context)

        return answer

    def _stream(self, inner: Any) -> Any:
        async def answer(request: Any, context: Any) -> Any:
            self.check()
            async for message in inner(request, context):
                # A stream that was opened before gives nothing out after.
                self.check()
                yield message

        return answer
