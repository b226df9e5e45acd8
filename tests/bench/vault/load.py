"""Load on the vault: releases over one stream, and as a yardstick, empty calls over the same mutual TLS."""

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import grpc
import httpx2
from smelt.auth.v1 import grants_pb2, grants_pb2_grpc
from smelt.vault.v1 import release_pb2, release_pb2_grpc

from services.common.ids import new_id
from services.processor.peers.key_releases import gathered
from tests.e2e.api import register, tls
from tests.support.stack import Stack
from tests.support.wire import channel, passport

SECONDS = 2.5


async def grant_for(stack: Stack) -> str:
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=60, trust_env=False) as http:
        person = register(http)
        key = person.add_key(f"http://{urlsplit(stack.provider_url).netloc}/v1")
        shown = await passport(stack, person.token)
    request = grants_pb2.MintJobGrantRequest(
        purpose=grants_pb2.MintJobGrantRequest.JOB,
        job=f"jobs/{new_id()}",
        file=f"files/{new_id()}",
        parse=1,
        api_key=key["name"],
        first_row=1,
        last_row=1_000_000,
        template_count=1,
        release_budget=3_000_000,
    )
    async with channel(stack, "auth", "processor") as through:
        stub = grants_pb2_grpc.GrantServiceStub(through)
        answer = await stub.MintJobGrant(request, metadata=(("x-smelt-passport", shown),), timeout=10)
    return str(answer.grant)


async def releases(stack: Stack, grant: str, in_flight: int, first_row: int) -> tuple[float, list[float]]:
    """Keep `in_flight` releases in flight for a while; return the rate and the seconds of each one."""
    digest = hashlib.sha256(grant.encode()).digest()
    waiting: dict[int, float] = {}
    took: list[float] = []
    outgoing: asyncio.Queue[release_pb2.ApiKeyAsk | None] = asyncio.Queue()

    def ask(number: int) -> None:
        waiting[number] = time.perf_counter()
        outgoing.put_nowait(
            release_pb2.ApiKeyAsk(
                id=number, grant_sha256=digest, grant=grant if number == first_row else "", row=number,
                template=0, claim=1, attempt=1,
            )
        )  # fmt: skip

    async with channel(stack, "vault", "processor") as through:
        answers = release_pb2_grpc.KeyReleaseServiceStub(through).ReleaseApiKeys(
            gathered(outgoing), timeout=60
        )
        ask(first_row)
        started = time.perf_counter()
        following = first_row + 1
        async for message in answers:
            now = time.perf_counter()
            for answer in message.answers:
                assert answer.HasField("key"), answer.refused.code
                took.append(now - waiting.pop(answer.id))
            if now - started < SECONDS:
                while len(waiting) < in_flight:
                    ask(following)
                    following += 1
            elif not waiting:
                break
        outgoing.put_nowait(None)
        return len(took) / (time.perf_counter() - started), took


async def empty(stack: Stack, port: int, in_flight: int) -> float:
    """Return the rate of empty unary calls, with `in_flight` of them in flight."""
    folder = stack.state_dir / "certs"
    credentials = grpc.ssl_channel_credentials(
        stack.ca_file.read_bytes(),
        (folder / "processor.key").read_bytes(),
        (folder / "processor.pem").read_bytes(),
    )
    options = [("grpc.ssl_target_name_override", "vault")]
    async with grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options=options) as through:
        stub = release_pb2_grpc.KeyReleaseServiceStub(through)
        started = time.perf_counter()
        done = 0

        async def work() -> None:
            nonlocal done
            while time.perf_counter() - started < SECONDS:
                await stub.RevokeGrant(release_pb2.RevokeGrantRequest(), timeout=10)
                done += 1

        await asyncio.gather(*(work() for _ in range(in_flight)))
        return done / (time.perf_counter() - started)


@contextmanager
def yardstick(stack: Stack) -> Iterator[int]:
    """Run a server whose calls do nothing; yield its port."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.empty_server",
        str(stack.state_dir / "certs"),
        str(stack.ca_file),
    ]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout
        yield int(running.stdout.readline())
    finally:
        running.kill()
        running.wait()
