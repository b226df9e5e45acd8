"""Uploads: stored whole and given back byte for byte, or refused and nothing is left of them."""

import asyncio
import base64
import hashlib
import random
from collections.abc import Callable

import grpc
import pytest
from smelt.files.v1 import files_pb2

from services.common.sealing import FIRST_SEGMENT, FULL_SEGMENT, sealed_size
from services.files.objects.s3 import PART_BYTES
from tests.integration.files.service import Caller, Service, ready, refusal
from tests.support.proc import peak_memory_mib, watched


def leads(size: int) -> bytes:
    """Return a CSV of exactly this many bytes."""
    content = b"name,city\r\n"
    line = b"Ada Lovelace,London\r\n"
    content += line * ((size - len(content)) // len(line) - 1)
    return content + b"x" * (size - len(content) - 3) + b",y\n"


@pytest.mark.promise("S31")
@pytest.mark.parametrize(
    "size", [100, FIRST_SEGMENT - 1, FIRST_SEGMENT, FIRST_SEGMENT + 1, FIRST_SEGMENT + FULL_SEGMENT, 500_000]
)
async def test_bytes_in_are_bytes_out(gateway: Caller, size: int) -> None:
    content = leads(size)
    digest = hashlib.sha256(content).hexdigest()
    file = await gateway.upload(content, "Ä leads.csv", step=random.randint(1000, 100_000))
    assert (file.size_bytes, file.sha256, file.parse) == (size, digest, 1)
    assert (file.encoding, file.delimiter) == ("utf-8", ",")
    assert [column.name for column in file.columns] == ["name", "city"]
    got, headers = await gateway.download(file.name)
    assert got == content
    assert headers["x-content-length"] == str(size)
    assert headers["etag"] == f'"{digest}"'
    assert headers["repr-digest"] == f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    assert headers["content-disposition"] == (
        "attachment; filename=\"_ leads.csv\"; filename*=UTF-8''%C3%84%20leads.csv"
    )


@pytest.mark.promise("S32")
async def test_what_is_stored_shows_nothing(gateway: Caller, service: Service) -> None:
    marker = b"visible-marker-31415"
    file = await gateway.upload(b"secretname,b\n" + marker + b",2\n")
    (object_key,) = service.query("SELECT object_key FROM file WHERE id = %s", file.name[6:])[0]
    stored = list((service.objects.home / "objects").rglob(object_key))
    assert marker not in stored[0].read_bytes()
    assert stored[0].read_bytes()[:4] == b"SMF1"
    row = str(service.query("SELECT * FROM file_parse WHERE file = %s", file.name[6:]))
    assert "secretname" not in row


async def test_a_form_is_taken_like_the_file_itself(gateway: Caller) -> None:
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="../../my leads.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n\r\n--edge--\r\n"
    )
    for step in (1, 7, 10_000):
        file = await gateway.upload(body, "", content_type='multipart/form-data; boundary="edge"', step=step)
        assert file.display_name == "my leads.csv"
        assert (file.row_count, file.size_bytes) == (1, 10)


BAD = [
    (b"", "FILE_NO_DATA_ROWS"),
    (b"a,b\n", "FILE_NO_DATA_ROWS"),
    (b'a,b\n1,2\n3,"open\n', "FILE_MALFORMED"),
    (b"a,b\n" + b"1,2\n" * 200_000 + b"3\n", "FILE_TOO_MANY_ROWS"),
    (b"a\n" + (b"x" * 1000 + b"\n") * 40_000 + b'"', "FILE_MALFORMED"),
    (b"a\n" + (b"x" * 2000 + b"\n") * 27_000, "FILE_TOO_LARGE"),
    (b"\x1f\x8b" + bytes(100), "FILE_INVALID_FORMAT"),
    (b"PK\x03\x04" + bytes(100), "FILE_WORKBOOK_INVALID"),
    ("a,b\né,2\n\udcff,2\n".encode("utf-8", "surrogateescape"), "FILE_ENCODING"),
]


@pytest.mark.promise("S33", "S54")
@pytest.mark.parametrize(("content", "reason"), BAD, ids=[f"{case[1]}-{len(case[0])}" for case in BAD])
async def test_a_refused_upload_leaves_no_file(
    gateway: Caller, service: Service, content: bytes, reason: str
) -> None:
    before, files = service.keys(), service.query("SELECT count(*) FROM file")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.upload(content)
    assert refusal(caught.value).reason == reason
    if reason == "FILE_TOO_LARGE":
        assert dict(caught.value.trailing_metadata() or ())["x-http-status"] == "413"
    # What other options may read is kept for a while; of everything else, nothing stays.
    kept = reason in ("FILE_MALFORMED", "FILE_ENCODING")
    # What earlier tests have left to be discarded may go meanwhile.
    assert len(set(service.keys()) - set(before)) == kept
    assert service.query("SELECT count(*) FROM file") == files
    assert not service.query("SELECT * FROM doomed_object")


@pytest.mark.parametrize(
    "body",
    [
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\r\n1,2\r\n',
        b'--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--edge--\r\n',
        b"no form at all",
        b"",
    ],
)
async def test_a_broken_form_is_refused(gateway: Caller, body: bytes) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.upload(body, "", content_type="multipart/form-data; boundary=edge")
    assert refusal(caught.value).reason == "FILE_INVALID_FORMAT"


async def test_a_filename_that_is_too_long_is_refused(gateway: Caller) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.upload(b"a\n1\n", "x" * 2000)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_upload_can_be_repeated_with_its_key(gateway: Caller, service: Service) -> None:
    first = await gateway.upload(b"a\n1\n", idempotency_key="once")
    before = service.keys()
    again = await gateway.upload(b"a\n1\n", idempotency_key="once")
    assert again == first
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.upload(b"a\n2\n", idempotency_key="once")
    assert refusal(caught.value).reason == "IDEMPOTENCY_KEY_REUSED"
    assert service.keys() == before


@pytest.mark.promise("S33")
async def test_memory_stays_flat_for_50_mb(
    own_service: Callable[..., Service], connect: Callable[[Service, str], grpc.aio.Channel]
) -> None:
    service = own_service()
    await ready(service)
    gateway = Caller(connect(service, "gateway"))
    await gateway.upload(b"a\n1\n")
    before = peak_memory_mib(service.process.pid)
    line = b"Ada,Lovelace,ada@example.com,Analytical Engines Ltd,London," + b"r" * 1000 + b"\n"
    content = b"First,Last,E-Mail,Company,City,Note\n"
    content += line * ((50 * 1024 * 1024 - len(content)) // len(line))
    with watched(service.process.pid) as peak:
        for _ in range(2):
            file = await gateway.upload(content)
            assert file.size_bytes == len(content)
            digest = hashlib.sha256()
            request = files_pb2.DownloadFileRequest(name=file.name)
            async for piece in gateway.files.DownloadFile(request, metadata=gateway.metadata):
                digest.update(piece.data)
            assert digest.hexdigest() == file.sha256
    # Parts wait for the store in a file, so that one upload is a few pieces in memory.
    assert peak_memory_mib(service.process.pid) - before < 30
    # With the process that reads it.
    assert peak.most_children == 1
    assert peak.mib < 200


@pytest.mark.promise("S31")
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
async def test_a_file_that_ends_around_a_part_of_the_store_comes_back(
    gateway: Caller, parts: int, beyond: int
) -> None:
    size = plain_size(parts * PART_BYTES) + beyond
    content = b"note\n" + b"".join([(b"r" * 1000 + b"\n") * (size // 1001)])
    content = content[:size]
    file = await gateway.upload(content, step=1024 * 1024)
    got, _ = await gateway.download(file.name)
    assert hashlib.sha256(got).hexdigest() == file.sha256 == hashlib.sha256(content).hexdigest()
    await gateway.files.DeleteFile(files_pb2.DeleteFileRequest(name=file.name), metadata=gateway.metadata)


def plain_size(sealed: int) -> int:
    """Return the size of the largest plaintext whose sealed object fits into this many bytes."""
    size = sealed
    while sealed_size(size) > sealed:
        size -= sealed_size(size) - sealed
    return size


async def test_two_uploads_at_once_with_one_key_are_one_file(gateway: Caller, service: Service) -> None:
    content = leads(300_000)
    before = service.keys()
    first, second = await asyncio.gather(
        gateway.upload(content, idempotency_key="twice"), gateway.upload(content, idempotency_key="twice")
    )
    assert first == second
    assert service.query("SELECT count(*) FROM file WHERE account = %s", gateway.account) == [(1,)]
    assert len(service.keys() - before) == 1
