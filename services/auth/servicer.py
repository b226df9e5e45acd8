"""Proto to domain and back for people, sessions and grants."""

from typing import Any

import grpc
from smelt.auth.v1 import (
    grants_pb2,
    grants_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    users_pb2,
    users_pb2_grpc,
)

from services.auth.grants import Grants, Purpose, Work
from services.auth.sessions import Device, Sessions
from services.auth.users import Account, Users
from services.common import identity
from services.common.ids import parse_name

Context = grpc.aio.ServicerContext[Any, Any]
_CREATED = (("x-http-status", "201"),)
_PURPOSES = {
    grants_pb2.MintJobGrantRequest.JOB: Purpose.JOB,
    grants_pb2.MintJobGrantRequest.TEMPLATE_TEST: Purpose.TEMPLATE_TEST,
    grants_pb2.MintJobGrantRequest.KEY_TEST: Purpose.KEY_TEST,
}


class UserServicer(users_pb2_grpc.UserServiceServicer):
    """People."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def CreateUser(self, request: users_pb2.CreateUserRequest, context: Context) -> users_pb2.User:
        account = await self._users.register(
            request.email, request.password, client_address=identity.current_call().client_address
        )
        await context.send_initial_metadata(_CREATED)
        return _user(account)

    async def GetCurrentUser(
        self, request: users_pb2.GetCurrentUserRequest, context: Context
    ) -> users_pb2.User:
        return _user(await self._users.get(identity.passport(context).account))


class SessionServicer(sessions_pb2_grpc.SessionServiceServicer):
    """Signing in and out."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateSession(
        self, request: sessions_pb2.CreateSessionRequest, context: Context
    ) -> sessions_pb2.CreateSessionResponse:
        call = identity.current_call()
        device = Device(call.user_agent, call.client_address)
        session, token = await self._sessions.sign_in(request.email, request.password, device=device)
        await context.send_initial_metadata(_CREATED)
        return sessions_pb2.CreateSessionResponse(
            session=sessions_pb2.Session(name=f"sessions/{session.id}", expire_time=session.expire_time),
            token=token.token,
        )

    async def DeleteSession(
        self, request: sessions_pb2.DeleteSessionRequest, context: Context
    ) -> sessions_pb2.DeleteSessionResponse:
        person = identity.passport(context)
        id_ = parse_name("sessions", request.name)
        await self._sessions.sign_out(person.session if id_ == "current" else id_, account=person.account)
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


def _user(account: Account) -> users_pb2.User:
    return users_pb2.User(name=f"users/{account.id}", email=account.email, create_time=account.create_time)
