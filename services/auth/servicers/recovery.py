"""RecoveryService: proto to domain and back for password resets and sign-in links."""

from smelt.auth.v1 import recovery_pb2, recovery_pb2_grpc, sessions_pb2

from services.auth.events.events import LONGEST_USER_AGENT
from services.auth.recovery.password_changes import PasswordChanges
from services.auth.recovery.sign_in_links import SignInLinks
from services.auth.servicers.ended_access import ended_to_proto
from services.auth.servicers.session_cookie import answer_sign_in
from services.auth.servicers.sessions import device_of, signed_in_to_proto
from services.common import identity
from services.common.rpc.servicing import Context


class RecoveryServicer(recovery_pb2_grpc.RecoveryServiceServicer):
    """Reset and sign-in links by mail."""

    def __init__(self, passwords: PasswordChanges, links: SignInLinks) -> None:
        self._passwords = passwords
        self._links = links

    async def RequestPasswordReset(
        self, request: recovery_pb2.RequestPasswordResetRequest, context: Context
    ) -> recovery_pb2.RequestPasswordResetResponse:
        await self._passwords.request_reset(
            request.email, client_address=identity.current_call().client_address
        )
        return recovery_pb2.RequestPasswordResetResponse()

    async def ConfirmPasswordReset(
        self, request: recovery_pb2.ConfirmPasswordResetRequest, context: Context
    ) -> recovery_pb2.ConfirmPasswordResetResponse:
        call = identity.current_call()
        new = await self._passwords.reset(
            request.token,
            request.new_password,
            client_address=call.client_address,
            user_agent=call.user_agent[:LONGEST_USER_AGENT],
        )
        return recovery_pb2.ConfirmPasswordResetResponse(
            ended=ended_to_proto(new.ended), password_advice=new.advice
        )

    async def RequestSignInLink(
        self, request: recovery_pb2.RequestSignInLinkRequest, context: Context
    ) -> recovery_pb2.RequestSignInLinkResponse:
        await self._links.request(request.email, client_address=identity.current_call().client_address)
        return recovery_pb2.RequestSignInLinkResponse()

    async def ConfirmSignInLink(
        self, request: recovery_pb2.ConfirmSignInLinkRequest, context: Context
    ) -> sessions_pb2.CreateSessionResponse:
        device = device_of(identity.current_call(), "")
        signed_in, ended = await self._links.confirm(request.token, device=device)
        answer = signed_in_to_proto(signed_in)
        if ended is not None:
            answer.ended.CopyFrom(ended_to_proto(ended))
        return await answer_sign_in(answer, signed_in.token, context, in_cookie=request.in_cookie)
