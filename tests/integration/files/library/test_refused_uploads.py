"""A file that cannot be read as it is: what is offered, what is kept, and how one becomes the other."""

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from smelt.files.v1 import files_pb2

from tests.integration.files.service import Caller, Service, refusal

NOTES = b"Notes:\n\nName,City\nAda,Bern\nBo,Wien\n"


async def refused(caller: Caller, content: bytes, **options: Any) -> tuple[str, files_pb2.RefusedFile]:
    """Upload a file that cannot be read; return the reason and what the refusal offers."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.upload(content, **options)
    return told(caught.value)


def told(error: grpc.aio.AioRpcError) -> tuple[str, files_pb2.RefusedFile]:
    status = rpc_status.from_call(error)
    assert status is not None
    # More would not fit into what the gateway takes of trailers.
    assert status.ByteSize() < 2048
    info, offers = error_details_pb2.ErrorInfo(), files_pb2.RefusedFile()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(offers)
    return info.reason, offers


def options_of(offer: files_pb2.RefusedFile.Offer) -> dict[str, Any]:
    return {
        "encoding": offer.encoding,
        "delimiter": offer.delimiter,
        "skip_rows": offer.skip_rows,
        "skip_last_rows": offer.skip_last_rows,
        "duplicate_names": offer.duplicate_names,
    }


async def reparse(caller: Caller, name: str, **options: Any) -> files_pb2.File:
    request = files_pb2.ReparseFileRequest(name=name, **options)
    answer: files_pb2.File = await caller.files.ReparseFile(request, metadata=caller.metadata)
    return answer


async def test_an_offer_makes_a_file_of_what_was_refused(gateway: Caller, service: Service) -> None:
    reason, offers = await refused(gateway, NOTES)
    assert reason == "FILE_MALFORMED"
    offer = offers.offers[0]
    assert (offer.skip_rows, offer.row_count, offer.column_count) == (2, 2, 2)
    assert (list(offer.columns), list(offer.sample)) == (["Name", "City"], ["Ada", "Bern"])
    # It is no file yet.
    request = files_pb2.GetFileRequest(name=offers.name)
    with pytest.raises(grpc.aio.AioRpcError):
        await gateway.files.GetFile(request, metadata=gateway.metadata)
    file = await reparse(gateway, offers.name, **options_of(offer))
    assert (file.name, file.row_count, file.skip_rows, file.parse) == (offers.name, 2, 2, 1)
    assert [list(row.cells) for row in await gateway.list_rows(file.name)] == [
        ["Ada", "Bern"],
        ["Bo", "Wien"],
    ]
    assert (await gateway.download(file.name))[0] == NOTES
    assert not service.query("SELECT 1 FROM refused_upload WHERE account = %s", gateway.account)
    # An answer may be lost: the same call again gives the same file.
    assert await reparse(gateway, offers.name, **options_of(offer)) == file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Name,Amount\nAda,10\nBo,20\nTotal\n", {"skip_last_rows": 1}),
        (b"Review\nGreat, quick\nBad, very bad, never\n", {"delimiter": "none"}),
        (b"Email,Email\n1,2\n", {"duplicate_names": "number"}),
        (b"Report\n\na;a\n1;2\nTotal\n", {"skip_rows": 2, "skip_last_rows": 1, "duplicate_names": "number"}),
        ("Name\nZoë\nBo\udcff\n".encode("utf-8", "surrogateescape"), {"encoding": "windows-1252"}),
    ],
)
async def test_what_is_offered_reads_the_file(
    gateway: Caller, content: bytes, expected: dict[str, Any]
) -> None:
    if expected.get("skip_rows"):
        content += b"x,y,z\n"
        expected = {**expected, "skip_last_rows": 2}
    _, offers = await refused(gateway, content)
    wanted = {"encoding": "", "delimiter": "", "skip_rows": 0, "skip_last_rows": 0, "duplicate_names": ""}
    assert options_of(offers.offers[0]) == wanted | expected
    again = await gateway.upload(content, **options_of(offers.offers[0]))
    assert again.row_count == offers.offers[0].row_count


async def test_offers_stay_small_and_a_reparse_of_a_file_offers_too(gateway: Caller) -> None:
    names = ",".join(f"{number} " + "名前" * 100 for number in range(50))
    _, offers = await refused(gateway, f"{names},{names}\n{names},{names}\n".encode())
    assert offers.offers[0].column_count == 100
    file = await gateway.upload(b"a;b\n1;2\n3;4,5\n")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparse(gateway, file.name, delimiter=",")
    _, offers = told(caught.value)
    assert (offers.name, offers.HasField("expire_time")) == (file.name, False)
    assert offers.offers[0].row_count == 2


async def test_what_cannot_be_mended_is_kept_without_offers_and_can_be_deleted(
    gateway: Caller, service: Service
) -> None:
    _, offers = await refused(gateway, b"a,b\n1,2\n3\n4,5\n")
    assert (list(offers.offers), offers.HasField("expire_time")) == ([], True)
    request = files_pb2.DeleteFileRequest(name=offers.name)
    await gateway.files.DeleteFile(request, metadata=gateway.metadata)
    assert not service.query("SELECT 1 FROM refused_upload WHERE account = %s", gateway.account)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparse(gateway, offers.name)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"


async def test_nobody_else_can_make_a_file_of_it(gateway: Caller) -> None:
    _, offers = await refused(gateway, NOTES)
    other = Caller(gateway.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparse(other, offers.name, skip_rows=2)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"


async def test_the_same_bytes_are_kept_once_and_the_newest_ten_of_others(
    gateway: Caller, service: Service
) -> None:
    count = "SELECT count(*) FROM refused_upload WHERE account = %s"
    names = {(await refused(gateway, NOTES))[1].name for _ in range(2)}
    assert (len(names), service.query(count, gateway.account)) == (1, [(1,)])
    for number in range(11):
        await refused(gateway, NOTES + f"{number},x\n".encode())
    assert service.query(count, gateway.account) == [(10,)]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparse(gateway, names.pop(), skip_rows=2)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"


async def test_after_an_hour_it_is_gone(gateway: Caller, service: Service) -> None:
    _, offers = await refused(gateway, NOTES)
    service.query(
        "UPDATE refused_upload SET create_time = create_time - interval '2 hours' WHERE id = %s RETURNING 1",
        offers.name.removeprefix("files/"),
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reparse(gateway, offers.name, skip_rows=2)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"
