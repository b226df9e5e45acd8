"""Reparsing a file: another dialect without another upload; earlier parses stay unchanged."""

import asyncio
from typing import Any

import grpc
import pytest
from smelt.files.v1 import files_pb2, rows_pb2

from services.files.library.store.files import MOST_PARSES
from tests.integration.files.service import VAULT, Caller, Service, refusal


async def reparsed(caller: Caller, name: str, **requested: Any) -> files_pb2.File:
    request = files_pb2.ReparseFileRequest(name=name, **requested)
    answer: files_pb2.File = await caller.files.ReparseFile(request, metadata=caller.metadata)
    return answer


async def test_a_file_is_read_anew_as_it_is_told(gateway: Caller) -> None:
    file = await gateway.upload("Größe,a;b\n1,2;3\n".encode())
    assert (file.encoding, file.delimiter, file.parse) == ("utf-8", ",", 1)
    again = await reparsed(gateway, file.name, encoding="windows-1252", delimiter=";")
    assert (again.encoding, again.delimiter, again.parse) == ("windows-1252", ";", 2)
    assert [column.name for column in again.columns] == ["GrÃ¶ÃŸe,a", "b"]
    assert (again.sha256, again.row_count) == (file.sha256, 1)
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == [["1,2", "3"]]
    shown = await gateway.files.GetFile(files_pb2.GetFileRequest(name=file.name), metadata=gateway.metadata)
    assert shown == again
    assert (await gateway.download(file.name))[0] == "Größe,a;b\n1,2;3\n".encode()


async def test_what_is_assumed_and_asked_for_is_kept_with_the_parse(gateway: Caller) -> None:
    content = b"\xef\xbb\xbfsep=;\r\nnote\r\nEmail;Email;\r\n1;2;\r\nTotal\r\n"
    file = await gateway.upload(content, skip_rows=1, skip_last_rows=1, duplicate_names="number")
    assert [column.name for column in file.columns] == ["Email", "Email (2)"]
    assert (file.skip_rows, file.skip_last_rows, file.duplicate_names) == (1, 1, "number")
    assert (file.byte_order_mark, file.separator_line, file.line_end) == (True, True, "crlf")
    assert (list(file.omitted_columns), file.quoting, file.encoding_guessed) == ([3], "minimal", False)
    shown = await gateway.files.GetFile(files_pb2.GetFileRequest(name=file.name), metadata=gateway.metadata)
    assert shown == file
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == [["1", "2"]]


async def test_what_reads_alike_is_one_parse(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(b"a;b\n1;2\n")
    assert (await reparsed(gateway, file.name)).parse == 1
    assert (await reparsed(gateway, file.name, delimiter=",")).parse == 2
    assert (await reparsed(gateway, file.name, delimiter=";")).parse == 1
    assert (await reparsed(gateway, file.name, delimiter=",")).parse == 2
    assert service.query("SELECT count(*) FROM file_parse WHERE file = %s", file.name[6:]) == [(2,)]


async def test_a_job_reads_the_parse_that_it_pinned(gateway: Caller, processor: Caller) -> None:
    file = await gateway.upload(b"a;b\n1;2\n")
    await reparsed(gateway, file.name, delimiter=",")
    token = VAULT.grant(gateway.account, job="jobs/x", file=file.name, parse=1)
    call = processor.rows.ReadRows(
        rows_pb2.ReadRowsRequest(file=file.name, parse=1, first=1, count=1),
        metadata=(("x-smelt-grant", token),),
    )
    assert [list(row.cells) async for batch in call for row in batch.rows] == [["1", "2"]]


async def test_parses_at_the_same_time_all_find_their_place(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(b"a;b,c|d\te\n1;2,3|4\t5\n")
    requested = [(encoding, d) for encoding in ("utf-8", "latin-1") for d in (",", ";", "|", "\t")]
    made = await asyncio.gather(
        *(reparsed(gateway, file.name, encoding=encoding, delimiter=d) for encoding, d in requested[:4])
    )
    made += await asyncio.gather(
        *(reparsed(gateway, file.name, encoding=encoding, delimiter=d) for encoding, d in requested[4:])
    )
    assert [(one.encoding, one.delimiter) for one in made] == requested
    versions = service.query("SELECT version FROM file_parse WHERE file = %s ORDER BY 1", file.name[6:])
    assert versions == [(version,) for version in range(1, 9)]
    for one in made:
        opened = await reparsed(gateway, file.name, encoding=one.encoding, delimiter=one.delimiter)
        assert (opened.parse, opened.columns) == (one.parse, one.columns)


@pytest.mark.parametrize(
    ("requested", "reason"),
    [
        ({"encoding": "utf-16-le"}, "FILE_NO_DATA_ROWS"),
        ({"encoding": "utf-8"}, "FILE_ENCODING"),
        ({"delimiter": "|"}, "FILE_MALFORMED"),
    ],
)
async def test_a_parse_that_fails_leaves_the_file_as_it_was(
    gateway: Caller, requested: dict[str, str], reason: str
) -> None:
    file = await gateway.upload(b"\xe4,b\n1,2|3\n")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparsed(gateway, file.name, **requested)
    assert refusal(caught.value).reason == reason
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == [["1", "2|3"]]


async def test_a_file_is_read_in_so_many_ways_and_no_more(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(b"a;b\n1;2\n")
    copies = (
        "INSERT INTO file_parse SELECT (jsonb_populate_record(one, jsonb_build_object('version', nth))).* "
        "FROM file_parse one, generate_series(2, %s) nth WHERE one.file = %s RETURNING version"
    )
    service.query(copies, MOST_PARSES - 1, file.name[6:])
    assert (await reparsed(gateway, file.name, delimiter=",")).parse == MOST_PARSES
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparsed(gateway, file.name, delimiter="none")
    assert refusal(caught.value).reason == "PARSE_LIMIT"
    # A way in which it was read before is there still.
    assert (await reparsed(gateway, file.name, delimiter=",")).parse == MOST_PARSES


@pytest.mark.parametrize("requested", [{"encoding": "utf-7"}, {"delimiter": "x"}, {"delimiter": ",,"}])
async def test_what_is_no_dialect_is_refused(gateway: Caller, requested: dict[str, str]) -> None:
    file = await gateway.upload(b"a\n1\n")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparsed(gateway, file.name, **requested)
    assert refusal(caught.value).reason == "INVALID_REQUEST"


@pytest.mark.promise("S30")
async def test_another_accounts_file_cannot_be_read_anew(gateway: Caller) -> None:
    file = await gateway.upload(b"a\n1\n")
    other = Caller(gateway.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparsed(other, file.name, delimiter=";")
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"
