"""A start that fails ends the process: what was opened is closed, and the reason is printed."""

import pytest
from smelt.files.v1 import files_pb2_grpc

from services.common.rpc import server
from services.common.settings import ServiceSettings
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from tests.support.ports import free_port


class Files(files_pb2_grpc.FileServiceServicer):
    """Serves nothing."""


async def test_a_service_with_a_method_on_no_list_closes_what_it_opened_and_does_not_start() -> None:
    closed: list[str] = []

    async def close() -> None:
        closed.append("pool")

    async def assemble(opened: server.Opened) -> server.Parts:
        opened.push_async_callback(close)
        return server.Parts(
            policy={}, servicers=[Files()], verifier=TokenVerifier(StaticKeys(KeySet("test")))
        )

    settings = ServiceSettings.model_construct(
        listen=f"127.0.0.1:{free_port()}", health_listen=f"127.0.0.1:{free_port()}"
    )
    with pytest.raises(SystemExit, match=r"no list of callers for: /smelt\.files\.v1\.FileService/"):
        await server.serve(settings, assemble)
    assert closed == ["pool"]
