"""UserService: accounts, their e-mail addresses and their passwords."""

from smelt.auth.v1 import (
    users_pb2,
    users_pb2_grpc,
)

from services.auth.accounts.accounts import Account, Users
from services.auth.recovery.password_changes import PasswordChanges
from services.auth.recovery.verification import Verification
from services.auth.servicers.ended_access import ended_to_proto
from services.common import identity
from services.common.rpc.servicing import CREATED, Context


class UserServicer(users_pb2_grpc.UserServiceServicer):
    """Accounts."""

    def __init__(self, users: Users, passwords: PasswordChanges, verification: Verification) -> None:
        self._users = users
        self._passwords = passwords
        self._verification = verification

    async def CreateUser(self, request: users_pb2.CreateUserRequest, context: Context) -> users_pb2.User:
        account, advice = await self._users.register(
            request.email, request.password, client_address=identity.current_call().client_address
        )
        await context.send_initial_metadata(CREATED)
        made = _user(account)
        made.password_advice = advice
        return made

    async def GetCurrentUser(
        self, request: users_pb2.GetCurrentUserRequest, context: Context
    ) -> users_pb2.User:
        return _user(await self._users.get(identity.passport(context).account))

    async def ChangePassword(
        self, request: users_pb2.ChangePasswordRequest, context: Context
    ) -> users_pb2.ChangePasswordResponse:
        person = identity.passport(context)
        new = await self._passwords.change(
            person.account,
            request.current_password,
            request.new_password,
            session=person.session,
            end_access_tokens=request.end_access_tokens,
            client_address=identity.current_call().client_address,
        )
        return users_pb2.ChangePasswordResponse(ended=ended_to_proto(new.ended), password_advice=new.advice)

    async def VerifyEmail(
        self, request: users_pb2.VerifyEmailRequest, context: Context
    ) -> users_pb2.VerifyEmailResponse:
        ended = await self._verification.verify(request.token)
        return users_pb2.VerifyEmailResponse(ended=ended_to_proto(ended))


def _user(account: Account) -> users_pb2.User:
    return users_pb2.User(
        name=f"users/{account.id}" if account.id else "", email=account.email, create_time=account.create_time
    )
