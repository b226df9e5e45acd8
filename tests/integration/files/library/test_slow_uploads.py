"""Uploads that trickle: they keep nobody else from uploading, and they end."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import grpc
import pytest
from google.api import httpbody_pb2
from smelt.files.v1 import files_pb2

from tests.integration.files.service import Caller, Service, ready, refusal
from tests.support.patience import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.promise("S53")
CSV = b"a,b\n1,2\n"
Connect = Callable[[Service, str], grpc.aio.Channel]


def trickle(caller: Caller, *, address: str = "", piece: bytes = b"1") -> "asyncio.Future[files_pb2.File]":
    """Send a piece now and then, without end."""

    async def pieces() -> AsyncIterator[files_pb2.UploadFileRequest]:
        yield files_pb2.UploadFileRequest(
            filename="slow.csv", content=httpbody_pb2.HttpBody(content_type="text/csv", data=b"a,b\n")
        )
        while True:
            await asyncio.sleep(0.2)
            yield files_pb2.UploadFileRequest(content=httpbody_pb2.HttpBody(data=piece))

    metadata = (*caller.metadata, ("x-envoy-external-address", address))
    upload: asyncio.Future[files_pb2.File] = asyncio.ensure_future(
        caller.files.UploadFile(pieces(), metadata=metadata)
    )
    return upload


async def whole(caller: Caller, *, address: str = "") -> files_pb2.File:
    """Send a small file at once, which is answered at once, be it refused or not."""

    async def pieces() -> AsyncIterator[files_pb2.UploadFileRequest]:
        yield files_pb2.UploadFileRequest(
            filename="small.csv", content=httpbody_pb2.HttpBody(content_type="text/csv", data=CSV)
        )

    metadata = (*caller.metadata, ("x-envoy-external-address", address))
    stored: files_pb2.File = await caller.files.UploadFile(pieces(), metadata=metadata)
    return stored


def reading(service: Service) -> int:
    """Return how many places are taken."""
    with urllib.request.urlopen(f"http://127.0.0.1:{service.health_port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line for line in lines if line.startswith("smelt_reading_files ")).split()[1]))


@asynccontextmanager
async def trickling(*uploads: "asyncio.Future[files_pb2.File]") -> AsyncIterator[None]:
    try:
        yield
    finally:
        for upload in uploads:
            upload.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)


async def refused(upload: "asyncio.Future[files_pb2.File]") -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(upload, PATIENCE_SECONDS)
    return caught.value


async def sooner_or_later(caller: Caller) -> files_pb2.File:
    """Upload as a client does that tries again when it is told to."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await caller.upload(CSV)
            except grpc.aio.AioRpcError as error:
                assert refusal(error).reason in ("UNAVAILABLE", "UPLOAD_LIMIT")
                await asyncio.sleep(0.1)


async def test_senders_that_trickle_make_way(own_service: Callable[..., Service], connect: Connect) -> None:
    """All places are taken, by one account and address or by many."""
    service = own_service(uploads_at_once=4)
    await ready(service)
    people = [Caller(connect(service, "gateway")) for _ in range(5)]
    uploads = [trickle(person, address=f"192.0.2.{n}") for n, person in enumerate(people[:4])]
    async with trickling(*uploads):
        await eventually(lambda: reading(service) == 4)
        stored = await sooner_or_later(people[4])
        assert stored.row_count == 1
        done, _ = await asyncio.wait(uploads, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE_SECONDS)
        gone = await refused(done.pop())
        assert gone.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert refusal(gone).reason == "UPLOAD_TOO_SLOW"
        assert dict(gone.trailing_metadata() or ())["x-http-status"] == "408"
        # One was enough.
        assert sum(upload.done() for upload in uploads) == 1
    assert service.query("SELECT count(*) FROM file") == [(1,)]


async def test_an_account_and_an_address_have_their_shares(
    own_service: Callable[..., Service], connect: Connect
) -> None:
    """Of senders that keep pace, none makes way."""
    service = own_service(uploads_at_once=4, upload_least_bytes_per_second=1)
    await ready(service)
    one, two, three = (Caller(connect(service, "gateway")) for _ in range(3))
    send = partial(trickle, piece=b"1" * 100)
    async with trickling(send(one, address="192.0.2.1"), send(one, address="192.0.2.2")):
        await eventually(lambda: reading(service) == 2)
        assert (
            refusal(await refused(asyncio.ensure_future(whole(one, address="192.0.2.3")))).reason
            == "UPLOAD_LIMIT"
        )
        async with trickling(send(two, address="2001:db8::2")):
            await eventually(lambda: reading(service) == 3)
            assert (await three.upload(CSV)).row_count == 1
            async with trickling(send(two, address="192.0.2.4")):
                await eventually(lambda: reading(service) == 4)
                assert refusal(await refused(asyncio.ensure_future(whole(three)))).reason == "UNAVAILABLE"
    await eventually(lambda: reading(service) == 0)
    near = [
        send(one, address="2001:db8::1"),
        send(two, address="2001:db8::2"),
        send(three, address="2001:db8::3"),
    ]
    async with trickling(*near):
        await eventually(lambda: reading(service) == 3)
        neighbour = Caller(connect(service, "gateway"))
        assert (
            refusal(await refused(asyncio.ensure_future(whole(neighbour, address="2001:db8::4")))).reason
            == "UPLOAD_LIMIT"
        )
        assert (await neighbour.upload(CSV)).row_count == 1


@pytest.mark.long
async def test_a_sender_that_trickles_ends_after_its_grace(gateway: Caller) -> None:
    assert refusal(await refused(trickle(gateway))).reason == "UPLOAD_TOO_SLOW"
