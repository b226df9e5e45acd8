"""Proto to domain and back for people, sessions and grants."""

from functools import partial

from smelt.auth.v1 import (
    grants_pb2,
    grants_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    users_pb2,
    users_pb2_grpc,
)

from services.auth.grants import Grants, Purpose, Work
from services.auth.password_changes import PasswordChanges
from services.auth.sessions import Device, Session, Sessions, SignedIn
from services.auth.users import Account, Users
from services.common import identity, paging
from services.common.ids import parse_name
from services.common.servicing import CREATED, Context

_PURPOSES = {
    grants_pb2.MintJobGrantRequest.JOB: Purpose.JOB,
    grants_pb2.MintJobGrantRequest.TEMPLATE_TEST: Purpose.TEMPLATE_TEST,
    grants_pb2.MintJobGrantRequest.KEY_TEST: Purpose.KEY_TEST,
}


class UserServicer(users_pb2_grpc.UserServiceServicer):
    """People."""

    def __init__(self, users: Users, passwords: PasswordChanges) -> None:
        self._users = users
        self._passwords = passwords

    async def CreateUser(self, request: users_pb2.CreateUserRequest, context: Context) -> users_pb2.User:
        account = await self._users.register(
            request.email, request.password, client_address=identity.current_call().client_address
        )
        await context.send_initial_metadata(CREATED)
        return _user(account)

    async def GetCurrentUser(
        self, request: users_pb2.GetCurrentUserRequest, context: Context
    ) -> users_pb2.User:
        return _user(await self._users.get(identity.passport(context).account))

    async def ChangePassword(
        self, request: users_pb2.ChangePasswordRequest, context: Context
    ) -> users_pb2.ChangePasswordResponse:
        person = identity.passport(context)
        await self._passwords.change(
            person.account,
            request.current_password,
            request.new_password,
            session=person.session,
            client_address=identity.current_call().client_address,
        )
        return users_pb2.ChangePasswordResponse()

    async def VerifyEmail(
        self, request: users_pb2.VerifyEmailRequest, context: Context
    ) -> users_pb2.VerifyEmailResponse:
        await self._users.verify_email(request.token)
        return users_pb2.VerifyEmailResponse()


class SessionServicer(sessions_pb2_grpc.SessionServiceServicer):
    """Signing in and out."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateSession(
        self, request: sessions_pb2.CreateSessionRequest, context: Context
    ) -> sessions_pb2.CreateSessionResponse:
        device = device_of(identity.current_call(), request.device_token)
        signed_in = await self._sessions.sign_in(request.email, request.password, device=device)
        await context.send_initial_metadata(CREATED)
        return signed_in_to_proto(signed_in)

    async def ListSessions(
        self, request: sessions_pb2.ListSessionsRequest, context: Context
    ) -> sessions_pb2.ListSessionsResponse:
        person = identity.passport(context)
        page, token = await paging.page(request, partial(self._sessions.page, person.account))
        return sessions_pb2.ListSessionsResponse(
            sessions=[_session(session, current=session.id == person.session) for session in page],
            next_page_token=token,
        )

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
        return sessions_pb2.DeleteSessionResponse()


class GrantServicer(grants_pb2_grpc.GrantServiceServicer):
    """Grants for the processor."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def MintJobGrant(
        self, request: grants_pb2.MintJobGrantRequest, context: Context
    ) -> grants_pb2.MintJobGrantResponse:
        person = identity.passport(context)
        work = Work(
            purpose=_PURPOSES[request.purpose],
            job=request.job,
            file=request.file,
            parse=request.parse,
            api_key=request.api_key,
            first_row=request.first_row,
            last_row=request.last_row,
            template_count=request.template_count,
            release_budget=request.release_budget,
        )
        grant = await self._grants.mint(work, account=person.account, session=person.session)
        return grants_pb2.MintJobGrantResponse(
            grant=grant.token, grant_id=grant.id, expire_time=grant.expire_time
        )


def device_of(call: identity.Call, token: str) -> Device:
    """Return the device that a call comes from."""
    return Device(call.user_agent, call.client_address, token)


def signed_in_to_proto(signed_in: SignedIn) -> sessions_pb2.CreateSessionResponse:
    """Return the answer to one who has signed in, in whatever way."""
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


def _user(account: Account) -> users_pb2.User:
    return users_pb2.User(
        name=f"users/{account.id}" if account.id else "", email=account.email, create_time=account.create_time
    )
