"""SuspensionService of the stand-in."""

from smelt.suspension.v1 import suspension_pb2, suspension_pb2_grpc

from services.common.rpc.servicing import Context
from tests.support.vault.known import Known


class Suspension(suspension_pb2_grpc.SuspensionServiceServicer):
    """Lets no key of an account be active, once for each generation."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def SuspendEarlier(
        self, request: suspension_pb2.SuspendEarlierRequest, context: Context
    ) -> suspension_pb2.SuspendEarlierResponse:
        count = self._known.suspend(request.account, request.generation)
        return suspension_pb2.SuspendEarlierResponse(api_keys=count)
