"""Rows by number, for people and for work with a grant, at a cost that does not grow with the file."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from smelt.files.v1 import files_pb2, rows_pb2

from services.common.ids import new_id
from tests.integration.files.service import VAULT, Caller, Service, refusal

COUNT = 2600
TEXT = "n;größe\n" + "".join(f'{n};"é {n}\n€"\n' for n in range(1, COUNT + 1))


async def read(caller: Caller, file: str, first: int, count: int, *, parse: int = 1) -> list[files_pb2.Row]:
    request = rows_pb2.ReadRowsRequest(file=file, parse=parse, first=first, count=count)
    answers = caller.rows.ReadRows(request, metadata=caller.metadata)
    return [row async for answer in answers for row in answer.rows]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
async def test_any_range_comes_back_in_any_encoding(
    gateway: Caller, processor: Caller, encoding: str
) -> None:
    file = await gateway.upload(TEXT.encode(encoding))
    assert (file.row_count, file.delimiter) == (COUNT, ";")
    for first, count in ((1, 1), (1, 50), (499, 3), (500, 1), (501, 1000), (COUNT, 1), (COUNT - 1, 900)):
        there = range(first, min(first + count, COUNT + 1))
        expected = [(n, [str(n), f"é {n}\n€"]) for n in there]
        listed = await gateway.list_rows(file.name, first, count)
        assert [(row.number, list(row.cells)) for row in listed] == expected
        streamed = await read(processor, file.name, first, count)
        assert [(row.number, list(row.cells)) for row in streamed] == expected


async def test_defaults_and_the_end(gateway: Caller) -> None:
    file = await gateway.upload(TEXT.encode())
    assert [row.number for row in await gateway.list_rows(file.name)] == list(range(1, 51))
    assert await gateway.list_rows(file.name, COUNT + 1, 10) == []
    assert await gateway.list_rows(file.name, 2**31 - 1, 1000) == []


async def test_an_answer_with_large_rows_is_cut_between_rows(gateway: Caller, processor: Caller) -> None:
    row = ",".join(["x" * 100_000] * 4)
    file = await gateway.upload(("a,b,c,d\n" + f"{row}\n" * 30).encode())
    first = await gateway.list_rows(file.name, 1, 30)
    assert [entry.number for entry in first] == [1]
    assert [entry.number for entry in await read(processor, file.name, 1, 30)] == list(range(1, 31))


def working(processor: Caller, **claims: Any) -> Caller:
    """Return the processor with a grant in place of a passport."""
    worker = Caller(processor.channel, processor.account)
    worker.metadata = (("x-smelt-grant", VAULT.grant(processor.account, **claims)),)
    return worker


@pytest.mark.promise("S30")
async def test_a_grant_opens_its_file_parse_and_rows_alone(gateway: Caller, processor: Caller) -> None:
    file, other = await gateway.upload(TEXT.encode()), await gateway.upload(b"a\n1\n")
    worker = working(processor, job="jobs/x", file=file.name, parse=1, first_row=10, last_row=600)
    assert len(await read(worker, file.name, 10, 591)) == 591
    for name, first, count, parse in (
        (file.name, 9, 2, 1),
        (file.name, 600, 2, 1),
        (file.name, 10, 1, 2),
        (other.name, 10, 1, 1),
        (f"files/{new_id()}", 10, 1, 1),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await read(worker, name, first, count, parse=parse)
        assert refusal(caught.value).reason == "GRANT_INVALID"
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_an_unknown_parse_is_not_found(gateway: Caller, processor: Caller) -> None:
    file = await gateway.upload(b"a\n1\n")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(processor, file.name, 1, 1, parse=2)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"


@pytest.mark.promise("S30")
async def test_another_accounts_file_is_like_none(
    gateway: Caller, processor: Caller, service: Service
) -> None:
    theirs = Caller(gateway.channel)
    file = await theirs.upload(b"a\n1\n")
    opened = VAULT.asked["OpenDataKey"]
    stranger_worker = working(processor, file=file.name, parse=1, first_row=1, last_row=1)
    for name in (file.name, f"files/{new_id()}"):
        by_name: list[Callable[[str], Awaitable[object]]] = [
            lambda name: gateway.files.GetFile(
                files_pb2.GetFileRequest(name=name), metadata=gateway.metadata
            ),
            lambda name: gateway.files.DeleteFile(
                files_pb2.DeleteFileRequest(name=name), metadata=gateway.metadata
            ),
            gateway.list_rows,
            gateway.download,
            lambda name: read(processor, name, 1, 1),
        ]
        if name == file.name:
            by_name.append(lambda name: read(stranger_worker, name, 1, 1))
        for call in by_name:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(name)
            assert refusal(caught.value).reason == "FILE_NOT_FOUND"
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
            assert caught.value.details() == "File not found"
    assert VAULT.asked["OpenDataKey"] == opened
    mine = await gateway.files.ListFiles(files_pb2.ListFilesRequest(), metadata=gateway.metadata)
    assert list(mine.files) == []
    assert (await theirs.list_rows(file.name))[0].cells == ["1"]


@pytest.mark.promise("S50")
async def test_callers_keep_to_their_methods(gateway: Caller, processor: Caller) -> None:
    file = await gateway.upload(b"a\n1\n")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await processor.list_rows(file.name)
    assert refusal(caught.value).reason == "CALLER_NOT_ALLOWED"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(gateway, file.name, 1, 1)
    assert refusal(caught.value).reason == "CALLER_NOT_ALLOWED"
    gateway.metadata = ()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.list_rows(file.name)
    assert refusal(caught.value).reason == "UNAUTHENTICATED"


async def test_a_list_pages_newest_first(gateway: Caller) -> None:
    made = [(await gateway.upload(b"a\n%d\n" % n, f"{n}.csv")).name for n in range(5)]
    seen: list[str] = []
    token = ""
    for _ in range(3):
        page = await gateway.files.ListFiles(
            files_pb2.ListFilesRequest(page_size=2, page_token=token), metadata=gateway.metadata
        )
        seen += [file.name for file in page.files]
        token = page.next_page_token
    assert seen == made[::-1]
    assert token == ""


async def check(caller: Caller, file: str) -> str:
    """Return OK if a file is there, or the reason of the refusal."""
    try:
        await caller.rows.CheckFile(rows_pb2.CheckFileRequest(file=file), metadata=caller.metadata)
    except grpc.aio.AioRpcError as error:
        return str(refusal(error).reason)
    return "OK"


@pytest.mark.promise("S42")
async def test_work_under_a_grant_learns_that_its_file_was_deleted(
    gateway: Caller, processor: Caller
) -> None:
    file, other = await gateway.upload(b"a\n1\n"), await gateway.upload(b"a\n1\n")
    worker = working(processor, job="jobs/x", file=file.name, parse=1, first_row=1, last_row=1)
    assert await check(worker, file.name) == "OK"
    assert await check(worker, other.name) == "GRANT_INVALID"
    await gateway.files.DeleteFile(files_pb2.DeleteFileRequest(name=file.name), metadata=gateway.metadata)
    assert await check(worker, file.name) == "FILE_NOT_FOUND"


@pytest.mark.promise("S30")
async def test_nobody_learns_whether_a_file_of_another_account_is_there(
    gateway: Caller, processor: Caller
) -> None:
    file = await gateway.upload(b"a\n1\n")
    stranger = Caller(processor.channel, new_id())
    assert await check(stranger, file.name) == "FILE_NOT_FOUND"
