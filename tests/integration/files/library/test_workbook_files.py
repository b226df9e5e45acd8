"""Workbooks as people meet them: a sheet becomes rows, the original comes back, and nothing of both stays."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import psycopg
import pytest
from smelt.files.v1 import files_pb2, rows_pb2

from services.common.ids import new_id
from tests.integration.files.library.test_refused_uploads import refused, told
from tests.integration.files.service import VAULT, Caller, Service, ready, refusal
from tests.integration.files.sweep.test_leavings import until
from tests.support.workbooks import grid, raw, sheet_xml

ROWS = "".join(
    f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c><c r="B{n}"><v>{n}</v></c></row>'
    for n, text in enumerate(("Ada", "Größe, m", "x"), start=2)
)
HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>{}</t></is></c></row>'
)
BOOK = raw(
    sheet_xml(HEADER.format("One") + ROWS), sheet_xml(HEADER.format("Two") + ROWS), states={2: "hidden"}
)
CELLS = [["Ada", "2"], ["Größe, m", "3"], ["x", "4"]]


async def reparsed(caller: Caller, name: str, **requested: Any) -> files_pb2.File:
    request = files_pb2.ReparseFileRequest(name=name, **requested)
    answer: files_pb2.File = await caller.files.ReparseFile(request, metadata=caller.metadata)
    return answer


def of(service: Service, name: str) -> set[str]:
    """Return the keys of a file's objects."""
    rows = service.query(
        "SELECT object_key FROM file WHERE id = %s UNION ALL "
        "SELECT table_key FROM file_parse WHERE file = %s AND table_key IS NOT NULL",
        name[6:],
        name[6:],
    )
    return {key for (key,) in rows}


async def test_a_sheet_becomes_rows_and_the_original_comes_back(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(BOOK, "leads.xlsx")
    assert [column.name for column in file.columns] == ["Name", "One"]
    assert (file.row_count, file.sheet, file.size_bytes) == (3, "S1", len(BOOK))
    assert [(each.name, each.row_count, each.hidden) for each in file.sheets] == [
        ("S1", 3, False),
        ("S2", 3, True),
    ]
    assert file.sha256 == hashlib.sha256(BOOK).hexdigest()
    shown = await gateway.files.GetFile(files_pb2.GetFileRequest(name=file.name), metadata=gateway.metadata)
    assert shown == file
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == CELLS
    content, headers = await gateway.download(file.name)
    assert content == BOOK
    assert headers["content-type"].endswith("spreadsheetml.sheet")
    part, _ = await gateway.download(file.name, ("range", "bytes=100-199"))
    assert part == BOOK[100:200]
    profile = await gateway.files.GetFileProfile(
        files_pb2.GetFileProfileRequest(name=f"{file.name}/profile"), metadata=gateway.metadata
    )
    assert [column.name for column in profile.columns] == ["Name", "One"]
    listed = (await gateway.files.ListFiles(files_pb2.ListFilesRequest(), metadata=gateway.metadata)).files
    assert (listed[0].sheet, list(listed[0].sheets)) == ("", [])


async def test_another_sheet_is_another_parse_and_jobs_keep_theirs(
    gateway: Caller, processor: Caller, service: Service
) -> None:
    file = await gateway.upload(BOOK, "leads.xlsx")
    again = await reparsed(gateway, file.name, sheet="s2", skip_rows=1)
    assert (again.sheet, again.parse, again.row_count, again.skip_rows) == ("S2", 2, 2, 1)
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == CELLS[1:]
    assert len(of(service, file.name)) == 3
    token = VAULT.grant(gateway.account, job="jobs/x", file=file.name, parse=1, last_row=3)
    call = processor.rows.ReadRows(
        rows_pb2.ReadRowsRequest(file=file.name, parse=1, first=1, count=3),
        metadata=(("x-smelt-grant", token),),
    )
    assert [list(row.cells) async for batch in call for row in batch.rows] == CELLS


@pytest.mark.promise("S31")
async def test_what_reads_alike_is_one_parse_and_leaves_no_table(gateway: Caller, service: Service) -> None:
    before = service.keys()
    file = await gateway.upload(BOOK, "leads.xlsx")
    assert (await reparsed(gateway, file.name)).parse == 1
    made = await asyncio.gather(
        *(reparsed(gateway, file.name, sheet=name) for name in ("S1", "S2", "S2", "s1"))
    )
    assert {each.parse for each in made} == {1, 2}
    assert service.keys() - before == of(service, file.name)
    assert len(of(service, file.name)) == 3
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparsed(gateway, file.name, sheet="S3")
    assert refusal(caught.value).reason == "FILE_SHEET_NOT_FOUND"
    assert service.keys() - before == of(service, file.name)


@pytest.mark.promise("S31")
async def test_a_deleted_workbook_is_gone_with_its_tables(gateway: Caller, service: Service) -> None:
    before = service.keys()
    file = await gateway.upload(BOOK, "leads.xlsx")
    await reparsed(gateway, file.name, sheet="S2")
    keys = of(service, file.name)
    assert service.keys() == before | keys
    await gateway.files.DeleteFile(files_pb2.DeleteFileRequest(name=file.name), metadata=gateway.metadata)
    assert service.keys() == before
    assert not service.query("SELECT 1 FROM doomed_object WHERE object_key = ANY(%s)", list(keys))


async def test_a_repeated_upload_leaves_one_file_and_one_table(gateway: Caller, service: Service) -> None:
    before, key = service.keys(), new_id()
    first = await gateway.upload(BOOK, "leads.xlsx", idempotency_key=key)
    again = await gateway.upload(BOOK, "leads.xlsx", idempotency_key=key)
    assert first == again
    assert service.keys() == before | of(service, first.name)


@pytest.mark.promise("S31")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (raw(sheet_xml("")), "FILE_NO_DATA_ROWS"),
        (BOOK[:-30], "FILE_WORKBOOK_INVALID"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "FILE_PASSWORD_PROTECTED",
        ),
    ],
    ids=["empty", "cut", "password"],
)
async def test_a_refused_workbook_leaves_nothing(
    gateway: Caller, service: Service, content: bytes, reason: str
) -> None:
    before = service.keys()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.upload(content, "leads.xlsx")
    assert refusal(caught.value).reason == reason
    assert service.keys() == before


async def test_the_tables_of_one_parse_do_not_pass_for_those_of_another(
    gateway: Caller, service: Service
) -> None:
    file = await gateway.upload(BOOK, "leads.xlsx")
    await reparsed(gateway, file.name, sheet="S2")
    [(first,), (second,)] = service.query(
        "SELECT table_key FROM file_parse WHERE file = %s ORDER BY version", file.name[6:]
    )
    service.query("UPDATE file_parse SET table_key = NULL WHERE table_key = %s RETURNING 1", second)
    service.query("UPDATE file_parse SET table_key = %s WHERE table_key = %s RETURNING 1", second, first)
    service.query(
        "UPDATE file_parse SET table_key = %s WHERE file = %s AND version = 2 RETURNING 1",
        first,
        file.name[6:],
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.list_rows(file.name)
    assert refusal(caught.value).reason == "FILE_DAMAGED"


async def test_a_refused_workbook_is_offered_its_sheets_and_rows(gateway: Caller) -> None:
    cover = raw(sheet_xml(HEADER.format("One")), sheet_xml(HEADER.format("Two") + ROWS))
    reason, offered = await refused(gateway, cover)
    assert (reason, [offer.sheet for offer in offered.offers]) == ("FILE_NO_DATA_ROWS", ["S2"])
    assert list(offered.offers[0].sample) == CELLS[0]
    file = await reparsed(gateway, offered.name, sheet="S2")
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == CELLS
    # Of a file that is there, too.
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparsed(gateway, file.name, sheet="s-2")
    assert told(caught.value)[1].offers[0].sheet == "S2"
    reason, offered = await refused(gateway, grid(("Report", None), ("Name", "City"), ("Ada", "Bern")))
    assert (offered.offers[0].skip_rows, list(offered.offers[0].columns)) == (1, ["Name", "City"])


@pytest.mark.promise("S31")
async def test_killed_between_a_table_and_its_row_nothing_of_either_stays(
    own_service: Callable[..., Service], connect: Callable[[Service, str], grpc.aio.Channel]
) -> None:
    """The rows are held up by a lock on their table, so the kill comes exactly there."""

    def start(*, sweeps: bool) -> Service:
        seconds = 1 if sweeps else 3600
        return own_service(sweep_seconds=0.2, orphan_seconds=seconds, drain_seconds=0)

    def end(service: Service) -> None:
        service.process.kill()
        service.process.wait()

    async def killed(service: Service, call: Coroutine[Any, Any, Any], *, objects: int) -> None:
        before = service.keys()
        with psycopg.connect(service.database.conninfo) as connection:
            connection.execute("LOCK TABLE file, file_parse IN SHARE MODE")
            working = asyncio.ensure_future(call)
            await until(lambda: len(service.keys() - before) == objects)
            end(service)
            await asyncio.gather(working, return_exceptions=True)

    service = start(sweeps=False)
    await ready(service)
    person = Caller(connect(service, "gateway"))
    await killed(service, person.upload(BOOK, "leads.xlsx"), objects=2)
    service = start(sweeps=True)
    await ready(service)
    person = Caller(connect(service, "gateway"), person.account)
    listed = await person.files.ListFiles(files_pb2.ListFilesRequest(), metadata=person.metadata)
    assert list(listed.files) == []
    await until(lambda: not service.keys())
    end(service)
    service = start(sweeps=False)
    await ready(service)
    person = Caller(connect(service, "gateway"), person.account)
    file = await person.upload(BOOK, "leads.xlsx")
    kept = of(service, file.name)
    await killed(service, reparsed(person, file.name, sheet="S2"), objects=1)
    service = start(sweeps=True)
    await ready(service)
    person = Caller(connect(service, "gateway"), person.account)
    await until(lambda: service.keys() == kept)
    shown = await person.files.GetFile(files_pb2.GetFileRequest(name=file.name), metadata=person.metadata)
    assert (shown.parse, shown.sheet) == (1, "S1")
    assert [list(row.cells) for row in await person.list_rows(file.name)] == CELLS
    assert (await reparsed(person, file.name, sheet="S2")).sheet == "S2"


async def test_a_refused_workbook_is_kept_and_can_be_read_with_other_options(
    gateway: Caller, service: Service
) -> None:
    before = service.keys()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.upload(grid(("a", "a"), (1, 2)), "leads.xlsx")
    assert refusal(caught.value).metadata["row"] == "1"
    [(kept,)] = service.query("SELECT id FROM refused_upload WHERE account = %s", gateway.account)
    file = await reparsed(gateway, f"files/{kept}", duplicate_names="number")
    assert (file.sheet, file.parse, [column.name for column in file.columns]) == ("Sheet1", 1, ["a", "a (2)"])
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == [["1", "2"]]
    assert service.keys() - before == of(service, file.name)
    assert len(of(service, file.name)) == 2
