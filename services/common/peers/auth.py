"""Auth, as services with open streams call it: it tells which sessions are active."""

from collections.abc import Mapping

import grpc
from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc

from services.common.rpc.errors import peer_errors

#: A stream must end within five seconds after its session: this deadline and the two seconds between
#: questions must stay below that. Too short, and a busy auth seems not to answer.
_SECONDS = 2.0
_MOST = 1000


class AuthSessions:
    """Asks auth for the states of sessions."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = session_states_pb2_grpc.SessionStateServiceStub(channel)

    async def active(self, accounts: Mapping[str, str]) -> set[str]:
        asked = [
            session_states_pb2.GetSessionStatesRequest.Session(id=session, account=account)
            for session, account in accounts.items()
        ]
        active: set[str] = set()
        for first in range(0, len(asked), _MOST):
            request = session_states_pb2.GetSessionStatesRequest(sessions=asked[first : first + _MOST])
            async with peer_errors():
                answer = await self._stub.GetSessionStates(request, timeout=_SECONDS)
            active.update(answer.active)
        return active
