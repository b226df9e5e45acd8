"""SessionStateService: which sessions are active, for services with open streams."""

import asyncio

from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc

from services.auth.admission.check import ActiveSessions
from services.common.errors import Unauthenticated
from services.common.rpc.servicing import Context


class SessionStateServicer(session_states_pb2_grpc.SessionStateServiceServicer):
    """Looks up all sessions at once: the reader joins lookups of the same moment into one query."""

    def __init__(self, active: ActiveSessions) -> None:
        self._active = active

    async def GetSessionStates(
        self, request: session_states_pb2.GetSessionStatesRequest, context: Context
    ) -> session_states_pb2.GetSessionStatesResponse:
        active = await asyncio.gather(
            *(self._is_active(asked.id, asked.account) for asked in request.sessions)
        )
        return session_states_pb2.GetSessionStatesResponse(
            active=[asked.id for asked, yes in zip(request.sessions, active, strict=True) if yes]
        )

    async def _is_active(self, session: str, account: str) -> bool:
        try:
            await self._active.require(session, account=account)
        except Unauthenticated:
            return False
        return True
