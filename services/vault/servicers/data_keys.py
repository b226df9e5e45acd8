"""DataKeyService: keys for data that other services store."""

from smelt.vault.v1 import (
    data_keys_pb2,
    data_keys_pb2_grpc,
)

from services.common import identity
from services.common.rpc.servicing import Context
from services.vault.crypto import key_wrap
from services.vault.data_keys.data_keys import DataKeyContext, DataKeys, Purpose
from services.vault.keys.account_keys import Epoch
from services.vault.rotation.accounts import RetiredEpochs

_MOST_ACCOUNTS = 100
_PURPOSES = {
    data_keys_pb2.DataKeyContext.FILE: Purpose.FILE,
    data_keys_pb2.DataKeyContext.JOB: Purpose.JOB,
    data_keys_pb2.DataKeyContext.RESULT: Purpose.RESULT,
    data_keys_pb2.DataKeyContext.EXPORT: Purpose.EXPORT,
    data_keys_pb2.DataKeyContext.WEBHOOK: Purpose.WEBHOOK,
}


class DataKeyServicer(data_keys_pb2_grpc.DataKeyServiceServicer):
    """Keys for data that other services store."""

    def __init__(self, keys: DataKeys, retired: RetiredEpochs) -> None:
        self._keys = keys
        self._retired = retired

    async def CreateDataKey(
        self, request: data_keys_pb2.CreateDataKeyRequest, context: Context
    ) -> data_keys_pb2.CreateDataKeyResponse:
        key, wrapped = await self._keys.create(
            identity.key_proof(), _data_key_context(request.context), caller=identity.current_call().caller
        )
        with key:
            return data_keys_pb2.CreateDataKeyResponse(key=bytes(key.reveal()), wrapped_key=wrapped)

    async def OpenDataKey(
        self, request: data_keys_pb2.OpenDataKeyRequest, context: Context
    ) -> data_keys_pb2.OpenDataKeyResponse:
        key = await self._keys.open(
            identity.key_proof(),
            _data_key_context(request.context),
            request.wrapped_key,
            caller=identity.current_call().caller,
        )
        with key:
            return data_keys_pb2.OpenDataKeyResponse(key=bytes(key.reveal()))

    async def ListRetiringAccounts(
        self, request: data_keys_pb2.ListRetiringAccountsRequest, context: Context
    ) -> data_keys_pb2.ListRetiringAccountsResponse:
        owner = identity.current_call().caller
        found = await self._retired.unconfirmed(owner, after=request.after, most=_MOST_ACCOUNTS)
        return data_keys_pb2.ListRetiringAccountsResponse(
            accounts=[
                data_keys_pb2.RetiringAccount(
                    account=each.account, epoch=each.number, prefix=key_wrap.prefix(each.number)
                )
                for each in found
            ]
        )

    async def RewrapDataKeys(
        self, request: data_keys_pb2.RewrapDataKeysRequest, context: Context
    ) -> data_keys_pb2.RewrapDataKeysResponse:
        keys = [(_data_key_context(each.context), each.wrapped_key) for each in request.keys]
        rewrapped = await self._keys.rewrap(request.account, keys, caller=identity.current_call().caller)
        return data_keys_pb2.RewrapDataKeysResponse(wrapped_keys=rewrapped)

    async def ConfirmRewrapped(
        self, request: data_keys_pb2.ConfirmRewrappedRequest, context: Context
    ) -> data_keys_pb2.ConfirmRewrappedResponse:
        epoch = Epoch(request.account, request.epoch)
        await self._retired.confirm(identity.current_call().caller, epoch)
        return data_keys_pb2.ConfirmRewrappedResponse()


def _data_key_context(context: data_keys_pb2.DataKeyContext) -> DataKeyContext:
    return DataKeyContext(_PURPOSES[context.purpose], context.object, context.generation)
