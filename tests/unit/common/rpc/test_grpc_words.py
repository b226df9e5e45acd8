"""gRPC's core writes nothing of its own among our lines, whatever the other side of a connection does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
#: A client whose server ends the connection because of too many pings; gRPC reports that in words of its own.
_CALLS = """
import asyncio, os
import services.common.rpc.tls
import grpc

GOAWAY = (0).to_bytes(4) + (11).to_bytes(4) + b"too_many_pings"

async def serve(reader, writer):
    await reader.readexactly(24)
    writer.write(bytes(3) + b"\\x04" + bytes(5))
    writer.write(len(GOAWAY).to_bytes(3) + b"\\x07" + bytes(5) + GOAWAY)
    await writer.drain()
    while await reader.read(1000):
        pass
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            await channel.unary_unary("/a/b")(b"", timeout=5)
        except grpc.aio.AioRpcError as error:
            print(error.code().name, flush=True)
        os._exit(0)

asyncio.run(main())
"""


@pytest.mark.parametrize(("asked", "is_silent"), [("", True), ("ERROR", False)])
def test_what_grpc_has_to_say_stands_in_no_log_unless_an_operator_asks(asked: str, is_silent: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
    environment |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
    if asked:
        environment["GRPC_VERBOSITY"] = asked
    done = subprocess.run(
        [sys.executable, "-c", _CALLS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() in (["UNAVAILABLE"], ["DEADLINE_EXCEEDED"])
    assert (done.stderr == "") is is_silent, done.stderr
    assert is_silent or "too_many_pings" in done.stderr
