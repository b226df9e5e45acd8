"""The other services, as auth uses them: each suspends what acts for an account by itself."""

import grpc
from smelt.suspension.v1 import suspension_pb2, suspension_pb2_grpc

from services.common.rpc.errors import peer_errors
from services.common.suspension import Suspended

#: A service updates a few rows. Shorter, and a busy one is asked again for nothing.
_SECONDS = 10.0


class SuspensionPeer:
    """One service that holds webhooks, jobs or API keys."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = suspension_pb2_grpc.SuspensionServiceStub(channel)

    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        request = suspension_pb2.SuspendEarlierRequest(account=account, generation=generation)
        async with peer_errors():
            answer = await self._stub.SuspendEarlier(request, timeout=_SECONDS)
        return Suspended(answer.webhooks, answer.jobs, answer.api_keys)
