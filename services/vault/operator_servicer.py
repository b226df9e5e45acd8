"""OperatorService on the wire, which answers about its state also while the vault is sealed."""

from typing import Any

import grpc
from smelt.vault.v1 import operator_pb2, operator_pb2_grpc

from services.vault.api_keys import ApiKeys
from services.vault.keystore import Installation
from services.vault.sealed import VaultSealed
from services.vault.secret import Secret

Context = grpc.aio.ServicerContext[Any, Any]


class OperatorServicer(operator_pb2_grpc.OperatorServiceServicer):
    """What an operator may do. Without `keys` the vault is sealed."""

    def __init__(self, installation: Installation | None, keys: ApiKeys | None) -> None:
        self._installation = installation
        self._keys = keys

    async def SetManagedApiKey(
        self, request: operator_pb2.SetManagedApiKeyRequest, context: Context
    ) -> operator_pb2.SetManagedApiKeyResponse:
        if self._keys is None:
            raise VaultSealed
        with Secret(bytearray(request.secret.encode())) as secret:
            key = await self._keys.set_managed(secret, url=request.base_url)
        return operator_pb2.SetManagedApiKeyResponse(hint=key.hint, base_url=key.base_url)

    async def GetVaultStatus(
        self, request: operator_pb2.GetVaultStatusRequest, context: Context
    ) -> operator_pb2.GetVaultStatusResponse:
        status = operator_pb2.GetVaultStatusResponse(sealed=self._keys is None)
        if self._installation is not None:
            status.installation = self._installation.id
            status.root_key_id = self._installation.root_key_id
            status.wrapping_key_version = self._installation.wrapping_version
        return status
