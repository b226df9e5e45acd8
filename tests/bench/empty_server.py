"""The yardstick for releases: a server whose one unary RPC does nothing, over the same mutual TLS."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
from smelt.vault.v1 import release_pb2, release_pb2_grpc


class Nothing(release_pb2_grpc.KeyReleaseServiceServicer):
    """Responds at once."""

    async def RevokeGrant(self, request: Any, context: Any) -> release_pb2.RevokeGrantResponse:
        return release_pb2.RevokeGrantResponse()


async def main(folder: Path, authority: Path) -> None:
    """Serve on a free port, print it, and run until killed."""
    pair = ((folder / "vault.key").read_bytes(), (folder / "vault.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair], authority.read_bytes(), require_client_auth=True)
    server = grpc.aio.server()
    release_pb2_grpc.add_KeyReleaseServiceServicer_to_server(Nothing(), server)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
