"""SuspensionService on the wire, the same in every service that holds what acts by itself."""

from smelt.suspension.v1 import suspension_pb2, suspension_pb2_grpc

from services.common.rpc.servicing import Context
from services.common.suspension import SuspendsEarlier


class SuspensionServicer(suspension_pb2_grpc.SuspensionServiceServicer):
    """Suspends what was made before a generation."""

    def __init__(self, holder: SuspendsEarlier) -> None:
        self._holder = holder

    async def SuspendEarlier(
        self, request: suspension_pb2.SuspendEarlierRequest, context: Context
    ) -> suspension_pb2.SuspendEarlierResponse:
        suspended = await self._holder.suspend_earlier(request.account, request.generation)
        return suspension_pb2.SuspendEarlierResponse(
            webhooks=suspended.webhooks, jobs=suspended.jobs, api_keys=suspended.api_keys
        )
