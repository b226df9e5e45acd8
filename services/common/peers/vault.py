"""The vault, as several services call it: public keys of tokens, and rewrapping of data keys."""

import asyncio
import time
from collections.abc import Sequence

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from smelt.vault.v1 import data_keys_pb2, data_keys_pb2_grpc, signing_pb2, signing_pb2_grpc

from services.common.rewrap import RetiringAccount, WrappedKey
from services.common.rpc.errors import error_from_rpc, peer_errors
from services.common.tokens import (
    KeySet,
    Kind,
)

_SECONDS = 10.0
_WIRE_KINDS = {
    signing_pb2.SESSION: Kind.SESSION,
    signing_pb2.PASSPORT: Kind.PASSPORT,
    signing_pb2.GRANT: Kind.GRANT,
    signing_pb2.EXPORT: Kind.EXPORT,
    signing_pb2.ERASURE: Kind.ERASURE,
}


class VaultKeys:
    """The vault's public keys: kept for 5 minutes, and asked for at most every 5 s for an unknown key id."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = signing_pb2_grpc.SigningServiceStub(channel)
        self._keys: KeySet | None = None
        self._answered = 0.0
        self._failed = 0.0
        self._lock = asyncio.Lock()

    async def known(self) -> None:
        """Return once the vault has answered with keys; a readiness check."""
        await self.current()

    async def current(self, *, newer: bool = False) -> KeySet:
        async with self._lock:
            age = time.monotonic() - self._answered
            pause_over = time.monotonic() - self._failed > 5
            if self._keys is None or (pause_over and (age > 300 or (newer and age > 5))):
                try:
                    answer = await self._stub.GetVerificationKeys(
                        signing_pb2.GetVerificationKeysRequest(), timeout=5
                    )
                except grpc.aio.AioRpcError as error:
                    # Known keys stay valid while the vault restarts.
                    if self._keys is None:
                        raise error_from_rpc(error) from None
                    self._failed = time.monotonic()
                    return self._keys
                self._keys = KeySet(
                    issuer=answer.issuer,
                    keys={
                        (_WIRE_KINDS[key.kind], key.key_id): Ed25519PublicKey.from_public_bytes(
                            key.public_key
                        )
                        for key in answer.keys
                        if key.kind in _WIRE_KINDS
                    },
                )
                self._answered = time.monotonic()
            return self._keys


class VaultPageKey:
    """The key of this service's page tokens: asked for once, because it stays the same."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = signing_pb2_grpc.SigningServiceStub(channel)
        self._key = b""
        self._lock = asyncio.Lock()

    async def page_key(self) -> bytes:
        async with self._lock:
            if not self._key:
                async with peer_errors():
                    answer = await self._stub.GetPageKey(signing_pb2.GetPageKeyRequest(), timeout=5)
                self._key = answer.key
            return self._key


class VaultAccountKeys:
    """Has data keys rewrapped when account keys are rotated."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = data_keys_pb2_grpc.DataKeyServiceStub(channel)

    async def retiring(self, after: str) -> Sequence[RetiringAccount]:
        request = data_keys_pb2.ListRetiringAccountsRequest(after=after)
        async with peer_errors():
            found = await self._stub.ListRetiringAccounts(request, timeout=_SECONDS)
        return [RetiringAccount(each.account, each.epoch, each.prefix) for each in found.accounts]

    async def rewrapped(self, account: str, keys: Sequence[WrappedKey]) -> Sequence[bytes]:
        request = data_keys_pb2.RewrapDataKeysRequest(
            account=account,
            keys=[
                data_keys_pb2.WrappedDataKey(
                    context=data_keys_pb2.DataKeyContext(
                        purpose=key.purpose.value,
                        object=key.object,
                        generation=key.generation,
                    ),
                    wrapped_key=key.wrapped,
                )
                for key in keys
            ],
        )
        async with peer_errors():
            answer = await self._stub.RewrapDataKeys(request, timeout=_SECONDS)
        anew: Sequence[bytes] = answer.wrapped_keys
        return anew

    async def confirm(self, account: RetiringAccount) -> None:
        request = data_keys_pb2.ConfirmRewrappedRequest(account=account.account, epoch=account.epoch)
        async with peer_errors():
            await self._stub.ConfirmRewrapped(request, timeout=_SECONDS)
