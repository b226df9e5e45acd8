"""DeletionService: proto to domain and back for account deletion."""

from smelt.auth.v1 import deletions_pb2, deletions_pb2_grpc

from services.auth.privacy.deletion import AccountDeletion
from services.common import identity
from services.common.rpc.servicing import Context


class DeletionServicer(deletions_pb2_grpc.DeletionServiceServicer):
    """Deletion of the caller's account."""

    def __init__(self, deletion: AccountDeletion) -> None:
        self._deletion = deletion

    async def DeleteCurrentUser(
        self, request: deletions_pb2.DeleteCurrentUserRequest, context: Context
    ) -> deletions_pb2.DeleteCurrentUserResponse:
        await self._deletion.delete(
            identity.passport(context).account,
            request.password,
            client_address=identity.current_call().client_address,
        )
        return deletions_pb2.DeleteCurrentUserResponse()
