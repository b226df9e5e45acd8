"""Auth as those ask it who hold streams open."""

from typing import Any

import grpc
from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc

from services.common.rpc import tls
from services.common.settings import PeerSettings


class EverySessionStands(session_states_pb2_grpc.SessionStateServiceServicer):
    """Nobody signs out here."""

    async def GetSessionStates(self, request: Any, context: Any) -> Any:
        return session_states_pb2.GetSessionStatesResponse(active=[asked.id for asked in request.sessions])


async def serve_sessions(settings: PeerSettings, address: str) -> grpc.aio.Server:
    """Start an auth in whose eyes every session stands, and that does nothing else."""
    server = grpc.aio.server(options=tls.server_options())
    session_states_pb2_grpc.add_SessionStateServiceServicer_to_server(EverySessionStands(), server)
    assert server.add_secure_port(address, tls.server_credentials(settings))
    await server.start()
    return server
