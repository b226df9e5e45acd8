"""SessionService: signing in and out, and the sessions of a person."""

from functools import partial

from smelt.auth.v1 import (
    sessions_pb2,
    sessions_pb2_grpc,
)

from services.auth.servicers.session_cookie import FORGOTTEN, answer_sign_in
from services.auth.sessions.sessions import Device, Session, Sessions, SignedIn
from services.common import identity, paging
from services.common.ids import parse_name
from services.common.rpc.servicing import CREATED, Context


class SessionServicer(sessions_pb2_grpc.SessionServiceServicer):
    """Signing in and out."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateSession(
        self, request: sessions_pb2.CreateSessionRequest, context: Context
    ) -> sessions_pb2.CreateSessionResponse:
        device = device_of(identity.current_call(), request.device_token)
        signed_in = await self._sessions.sign_in(request.email, request.password, device=device)
        return await answer_sign_in(
            signed_in_to_proto(signed_in),
            signed_in.token,
            context,
            in_cookie=request.in_cookie,
            headers=CREATED,
        )

    async def ListSessions(
        self, request: sessions_pb2.ListSessionsRequest, context: Context
    ) -> sessions_pb2.ListSessionsResponse:
        person = identity.passport(context)
        page, token = await paging.page(
            request,
            partial(self._sessions.page, person.account),
            show=lambda session: _session(session, current=session.id == person.session),
        )
        return sessions_pb2.ListSessionsResponse(sessions=page, next_page_token=token)

    async def RevokeOtherSessions(
        self, request: sessions_pb2.RevokeOtherSessionsRequest, context: Context
    ) -> sessions_pb2.RevokeOtherSessionsResponse:
        person = identity.passport(context)
        revoked = await self._sessions.revoke_others(person.account, keep=person.session)
        return sessions_pb2.RevokeOtherSessionsResponse(revoked=revoked)

    async def DeleteSession(
        self, request: sessions_pb2.DeleteSessionRequest, context: Context
    ) -> sessions_pb2.DeleteSessionResponse:
        person = identity.passport(context)
        id_ = parse_name("sessions", request.name)
        session = person.session if id_ == "current" else id_
        await self._sessions.sign_out(session, account=person.account, current=session == person.session)
        if session == person.session:
            await context.send_initial_metadata(FORGOTTEN)
        return sessions_pb2.DeleteSessionResponse()


def device_of(call: identity.Call, token: str) -> Device:
    """Return the device that a call came from."""
    return Device(call.user_agent, call.client_address, token)


def signed_in_to_proto(signed_in: SignedIn) -> sessions_pb2.CreateSessionResponse:
    """Return the answer to a sign-in, by password or by link."""
    return sessions_pb2.CreateSessionResponse(
        session=_session(signed_in.session, current=True),
        token=signed_in.token.token,
        device_token=signed_in.device_token,
    )


def _session(session: Session, *, current: bool) -> sessions_pb2.Session:
    return sessions_pb2.Session(
        name=f"sessions/{session.id}",
        expire_time=session.expire_time,
        device=session.device.user_agent,
        client_address=session.device.client_address,
        create_time=session.create_time,
        last_used_time=session.last_used_time,
        current=current,
    )
