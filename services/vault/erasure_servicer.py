"""ErasureService on the wire."""

from typing import Any

import grpc
from smelt.vault.v1 import erasure_pb2, erasure_pb2_grpc

from services.common import identity
from services.vault.erasure import Erasures

Context = grpc.aio.ServicerContext[Any, Any]


class ErasureServicer(erasure_pb2_grpc.ErasureServiceServicer):
    """Ends accounts for good."""

    def __init__(self, erasures: Erasures) -> None:
        self._erasures = erasures

    async def DestroyAccountKey(
        self, request: erasure_pb2.DestroyAccountKeyRequest, context: Context
    ) -> erasure_pb2.DestroyAccountKeyResponse:
        since = await self._erasures.destroy_account(request.account, caller=identity.current_call().caller)
        answer = erasure_pb2.DestroyAccountKeyResponse()
        answer.destroy_time.FromDatetime(since)
        return answer
