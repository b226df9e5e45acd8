"""Objects that were altered in the store: the damage is noticed, and no damaged byte is sent."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.api import httpbody_pb2
from smelt.files.v1 import files_pb2

from services.common.rpc.downloads import BROKEN_OFF
from services.common.sealing import SEGMENT
from tests.integration.files.results.test_results import parts, read
from tests.integration.files.service import Caller, Service, client, refusal

OUTER = 69
CONTENT = b"a,b\n" + b"some text,more text\n" * 40_000


def object_key(service: Service, file: files_pb2.File) -> str:
    return str(service.query("SELECT object_key FROM file WHERE id = %s", file.name[6:])[0][0])


def alter(service: Service, key: str, change: Callable[[bytes], bytes]) -> None:
    s3: Any = client(service.objects)
    there = s3.get_object(Bucket=service.bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=service.bucket, Key=key, Body=change(there))


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda there: there[:at] + bytes([there[at] ^ 1]) + there[at + 1 :]


def body(message: bytes) -> bytes:
    """Return the bytes in a message; the sign for the gateway that a download broke off has none."""
    return b"" if message == BROKEN_OFF else httpbody_pb2.HttpBody.FromString(message).data


async def fetched(gateway: Caller, name: str) -> tuple[bytes, str]:
    """Return what a download gave, and the reason for which it failed."""
    got = bytearray()
    download = gateway.channel.unary_stream(
        "/smelt.files.v1.FileService/DownloadFile",
        request_serializer=files_pb2.DownloadFileRequest.SerializeToString,
        response_deserializer=body,
    )
    try:
        async for piece in download(files_pb2.DownloadFileRequest(name=name), metadata=gateway.metadata):
            got += piece
    except grpc.aio.AioRpcError as error:
        assert error.code() is grpc.StatusCode.DATA_LOSS
        return bytes(got), refusal(error).reason
    return bytes(got), ""


@pytest.mark.promise("S04", "S32")
@pytest.mark.parametrize(
    ("change", "intact"),
    [
        (flipped(0), 0),
        (flipped(40), 0),
        (flipped(OUTER + 10), 0),
        (flipped(OUTER + 1000), 0),
        (flipped(OUTER + SEGMENT + 1000), 1),
        (lambda there: there[: OUTER + 2 * SEGMENT], 0),
        (lambda there: there + b"x", 0),
        (lambda there: there[:-1], 0),
        (lambda there: b"", 0),
    ],
    ids=[
        "magic",
        "commitment",
        "salt",
        "first segment",
        "second segment",
        "cut",
        "longer",
        "shorter",
        "emptied",
    ],
)
async def test_a_damaged_object_never_ends_cleanly(
    gateway: Caller, service: Service, change: Callable[[bytes], bytes], intact: int
) -> None:
    file = await gateway.upload(CONTENT)
    alter(service, object_key(service, file), change)
    intact_bytes = CONTENT[: intact and SEGMENT - 56]
    assert await fetched(gateway, file.name) == (intact_bytes, "FILE_DAMAGED")


@pytest.mark.promise("S32")
async def test_objects_that_changed_places_do_not_open(gateway: Caller, service: Service) -> None:
    one, two = await gateway.upload(CONTENT), await gateway.upload(CONTENT)
    s3: Any = client(service.objects)
    other = s3.get_object(Bucket=service.bucket, Key=object_key(service, two))["Body"].read()
    alter(service, object_key(service, one), lambda there: other)
    assert await fetched(gateway, one.name) == (b"", "FILE_DAMAGED")


async def test_rows_before_the_damage_can_be_read_and_rows_in_it_cannot(
    gateway: Caller, service: Service
) -> None:
    file = await gateway.upload(CONTENT)
    alter(service, object_key(service, file), flipped(OUTER + SEGMENT + 1000))
    assert len(await gateway.list_rows(file.name, 1, 10)) == 10
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.list_rows(file.name, 15_000, 10)
    assert refusal(caught.value).reason == "FILE_DAMAGED"


async def test_an_object_that_is_gone_is_lost(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(b"a\n1\n")
    client(service.objects).delete_object(Bucket=service.bucket, Key=object_key(service, file))
    assert await fetched(gateway, file.name) == (b"", "FILE_LOST")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.list_rows(file.name)
    assert refusal(caught.value).reason == "FILE_LOST"


async def test_a_sealed_index_that_was_swapped_is_damage(gateway: Caller, service: Service) -> None:
    one, two = await gateway.upload(b"a\n1\n"), await gateway.upload(b"a\n1\n")
    service.query(
        "UPDATE file_parse SET sealed_index = (SELECT sealed_index FROM file_parse WHERE file = %s) "
        "WHERE file = %s RETURNING 1",
        two.name[6:],
        one.name[6:],
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.list_rows(one.name)
    assert refusal(caught.value).reason == "FILE_DAMAGED"


@pytest.mark.promise("S32")
async def test_an_older_version_that_was_put_back_does_not_open(processor: Caller, service: Service) -> None:
    s3: Any = client(service.objects)

    async def write(fence: int) -> str:
        requests = parts("jobs/old", b"content", variant="all", fence=fence)
        await processor.results.WriteResult(requests, metadata=processor.metadata)
        statement = "SELECT object_key FROM result WHERE account = %s"
        return str(service.query(statement, processor.account)[0][0])

    older = s3.get_object(Bucket=service.bucket, Key=await write(1))["Body"].read()
    s3.put_object(Bucket=service.bucket, Key=await write(2), Body=older)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(processor, "jobs/old")
    assert refusal(caught.value).reason == "FILE_DAMAGED"
