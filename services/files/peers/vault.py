"""The vault over gRPC: data keys."""

import grpc
from smelt.vault.v1 import data_keys_pb2, data_keys_pb2_grpc

from services.common import identity
from services.common.rpc.errors import peer_errors
from services.files.data_keys import DataKey, KeyContext, Proof, Purpose

_SECONDS = 5.0
_PURPOSES = {
    Purpose.FILE: data_keys_pb2.DataKeyContext.FILE,
    Purpose.RESULT: data_keys_pb2.DataKeyContext.RESULT,
    Purpose.EXPORT: data_keys_pb2.DataKeyContext.EXPORT,
}


class VaultDataKeys:
    """Creates and opens data keys; each call carries the token of the person or the work behind it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = data_keys_pb2_grpc.DataKeyServiceStub(channel)

    async def create(self, proof: Proof, context: KeyContext) -> DataKey:
        async with peer_errors():
            answer = await self._stub.CreateDataKey(
                data_keys_pb2.CreateDataKeyRequest(context=_wire(context)),
                timeout=_SECONDS,
                metadata=_metadata(proof),
            )
        return DataKey(bytearray(answer.key), answer.wrapped_key)

    async def open(self, proof: Proof, context: KeyContext, wrapped: bytes) -> bytearray:
        async with peer_errors():
            answer = await self._stub.OpenDataKey(
                data_keys_pb2.OpenDataKeyRequest(context=_wire(context), wrapped_key=wrapped),
                timeout=_SECONDS,
                metadata=_metadata(proof),
            )
        return bytearray(answer.key)


def _metadata(proof: Proof) -> tuple[tuple[str, str], ...]:
    return identity.metadata(proof, identity.current_call().request_id)


def _wire(context: KeyContext) -> data_keys_pb2.DataKeyContext:
    return data_keys_pb2.DataKeyContext(
        purpose=_PURPOSES[context.purpose], object=context.object, generation=context.generation
    )
