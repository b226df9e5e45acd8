"""OperatorService on the wire. It reports the vault's state even while the vault is sealed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from smelt.vault.v1 import operator_pb2, operator_pb2_grpc

from services.common.rpc.servicing import Context
from services.vault.api_keys.api_keys import ApiKeys
from services.vault.crypto.secret import Secret
from services.vault.erasure.gate import Gate
from services.vault.erasure.service_histories import ServiceHistories
from services.vault.keys.installation import NamesInstallation
from services.vault.rotation.accounts import AccountRotation
from services.vault.rotation.schedule import Rotations
from services.vault.servicers.api_keys import kind_of
from services.vault.servicers.sealed import VaultSealed


class KeyStoreStatus(NamesInstallation, Protocol):
    """How the key store stands; raises Unavailable when it does not answer."""

    async def keys_left(self, version: int) -> int: ...


class EpochStatus(Protocol):
    """How account keys stand; raises Unavailable when the key store does not answer."""

    async def retired(self) -> int: ...

    async def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class OpenVault:
    """What an operator can work on in an unsealed vault."""

    keys: ApiKeys
    rotations: Rotations
    accounts: AccountRotation
    gate: Gate
    services: ServiceHistories


class OperatorServicer(operator_pb2_grpc.OperatorServiceServicer):
    """What operators do. `open` is None while the vault is sealed, and `why` then says for what reason."""

    def __init__(
        self, keystore: KeyStoreStatus, epochs: EpochStatus, open: OpenVault | None, why: str = ""
    ) -> None:
        self._keystore = keystore
        self._epochs = epochs
        self._open = open
        self._why = why

    async def SetManagedApiKey(
        self, request: operator_pb2.SetManagedApiKeyRequest, context: Context
    ) -> operator_pb2.SetManagedApiKeyResponse:
        keys = self._opened().keys
        with Secret(bytearray(request.secret.encode())) as secret:
            key = await keys.set_managed(
                secret,
                url=request.base_url,
                kind=kind_of(request.kind),
                timeout_seconds=request.timeout_seconds,
            )
        return operator_pb2.SetManagedApiKeyResponse(hint=key.hint, base_url=key.base_url)

    async def RotateWrappingKey(
        self, request: operator_pb2.RotateWrappingKeyRequest, context: Context
    ) -> operator_pb2.RotateWrappingKeyResponse:
        done = await self._opened().rotations.wrapping_beyond(request.from_version)
        status = await self._status()
        return operator_pb2.RotateWrappingKeyResponse(
            done=done is not None,
            version=status.wrapping_key_version,
            keys_left=status.wrapping_keys_left,
        )

    async def RotateRootKey(
        self, request: operator_pb2.RotateRootKeyRequest, context: Context
    ) -> operator_pb2.RotateRootKeyResponse:
        done = await self._opened().rotations.root_other_than(request.from_root_key_id)
        status = await self._status()
        return operator_pb2.RotateRootKeyResponse(done=done is not None, root_key_id=status.root_key_id)

    async def RotateAccountKeys(
        self, request: operator_pb2.RotateAccountKeysRequest, context: Context
    ) -> operator_pb2.RotateAccountKeysResponse:
        accounts = self._opened().accounts
        before = await self._epochs.now()
        if request.HasField("made_before"):
            # A time in the future would rotate the same accounts again with every call.
            before = min(before, request.made_before.ToDatetime(UTC))
        count, done = await accounts.begin(before, request.account)
        answer = operator_pb2.RotateAccountKeysResponse(done=done, rotated=count)
        answer.made_before.FromDatetime(before)
        return answer

    async def GetVaultStatus(
        self, request: operator_pb2.GetVaultStatusRequest, context: Context
    ) -> operator_pb2.GetVaultStatusResponse:
        return await self._status()

    async def _status(self) -> operator_pb2.GetVaultStatusResponse:
        status = operator_pb2.GetVaultStatusResponse(sealed=self._open is None, sealed_because=self._why)
        if self._open is not None:
            status.not_ready = self._open.gate.why
            status.waiting_services.extend(sorted(self._open.services.waiting.values()))
        named = await self._keystore.installation()
        if named is not None:
            status.installation = named.id
            status.root_key_id = named.root_key_id
            status.wrapping_key_version = named.wrapping_version
            status.wrapping_key_minimum_version = named.wrapping_minimum
            status.wrapping_key_uses = named.wrapping_uses
            status.retired_account_keys = await self._epochs.retired()
            if named.rotating:
                status.wrapping_keys_left = await self._keystore.keys_left(named.wrapping_version)
        return status

    def _opened(self) -> OpenVault:
        if self._open is None:
            raise VaultSealed
        return self._open
