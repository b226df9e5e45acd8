"""Nothing stays behind: not after a delete, a caller that leaves, a kill at any time, or an hour."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import grpc
import pytest
from smelt.files.v1 import files_pb2

from services.common import database
from services.common.errors import Unavailable
from services.files.sweep.store import SweepStore
from tests.integration.files.results.test_results import parts, read
from tests.integration.files.service import Caller, Service, client, messages, ready, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.proc import tree
from tests.support.stores import Databases

Connect = Callable[[Service, str], grpc.aio.Channel]
LINE = b"Ada,Lovelace," + b"r" * 1000 + b"\n"


async def until(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def slow_upload(
    caller: Caller, sent: asyncio.Event, *, pieces: int = 100
) -> AsyncIterator[files_pb2.UploadFileRequest]:
    """Send 20 MB, say so, and then nothing more."""
    content = [b"First,Last,Note\n", *([LINE * 200] * pieces)]
    async for message in messages(content, "a.csv", ""):
        yield message
    sent.set()
    await asyncio.sleep(60)


async def test_a_deleted_file_is_gone_with_its_object(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(b"a\n1\n")
    before = service.keys()
    key = service.query("SELECT object_key FROM file WHERE id = %s", file.name[6:])[0][0]
    request = files_pb2.DeleteFileRequest(name=file.name)
    await gateway.files.DeleteFile(request, metadata=gateway.metadata)
    assert service.keys() == before - {key}
    assert not service.query("SELECT 1 FROM file_parse WHERE file = %s", file.name[6:])
    assert not service.query("SELECT 1 FROM doomed_object WHERE object_key = %s", key)
    for again in (
        lambda: gateway.files.DeleteFile(request, metadata=gateway.metadata),
        lambda: gateway.list_rows(file.name),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await again()
        assert refusal(caught.value).reason == "FILE_NOT_FOUND"


@pytest.mark.promise("S31")
async def test_a_caller_that_leaves_leaves_nothing(gateway: Caller, service: Service) -> None:
    before, sent = service.keys(), asyncio.Event()
    call = gateway.files.UploadFile(slow_upload(gateway, sent), metadata=gateway.metadata)
    await asyncio.wait_for(sent.wait(), PATIENCE_SECONDS)
    call.cancel()
    await until(lambda: service.keys() == before)
    await asyncio.sleep(0.2)
    assert service.keys() == before
    assert not service.query("SELECT 1 FROM file WHERE account = %s", gateway.account)
    assert (await gateway.upload(b"a\n1\n")).row_count == 1


@pytest.mark.promise("S31")
async def test_when_the_process_that_reads_an_upload_is_killed_nothing_is_left(
    gateway: Caller, service: Service
) -> None:
    before, sent, killed = service.keys(), asyncio.Event(), asyncio.Event()

    async def upload() -> AsyncIterator[files_pb2.UploadFileRequest]:
        content = [b"First,Last,Note\n", *([LINE * 200] * 100)]
        async for message in messages(content, "a.csv", ""):
            yield message
        sent.set()
        await killed.wait()
        # One more piece meets the end of the process. A client that still writes would not be told why.
        async for message in messages([LINE], "", ""):
            yield message
        await asyncio.Event().wait()

    call = gateway.files.UploadFile(upload(), metadata=gateway.metadata)
    await asyncio.wait_for(sent.wait(), PATIENCE_SECONDS)
    readers: set[int] = set()

    def reads() -> bool:
        readers.update(tree(service.process.pid) - {service.process.pid})
        return bool(readers)

    await until(reads)
    for reader in readers:
        os.kill(reader, signal.SIGKILL)
    killed.set()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert refusal(caught.value).reason == "UNAVAILABLE"
    await until(lambda: service.keys() == before)
    assert not service.query("SELECT 1 FROM file WHERE account = %s", gateway.account)
    assert (await gateway.upload(b"a\n1\n")).row_count == 1


@pytest.fixture
def sweeping(own_service: Callable[..., Service]) -> Callable[[], Service]:
    """Start a service that sweeps all the time; each call starts it anew over the same data."""
    return lambda: own_service(
        sweep_seconds=0.2, orphan_seconds=1, temporary_result_seconds=1, drain_seconds=0
    )


@pytest.mark.promise("S31", "S40")
async def test_what_a_kill_leaves_is_swept(sweeping: Callable[[], Service], connect: Connect) -> None:
    service = sweeping()
    await ready(service)
    kept = await Caller(connect(service, "gateway")).upload(b"a\n1\n")
    person, sent = Caller(connect(service, "gateway")), asyncio.Event()
    call = person.files.UploadFile(slow_upload(person, sent), metadata=person.metadata)
    await asyncio.wait_for(sent.wait(), PATIENCE_SECONDS)
    service.process.send_signal(signal.SIGKILL)
    service.process.wait()
    with pytest.raises(grpc.aio.AioRpcError):
        await call
    # An upload whose object was complete and whose row was not, and a delete that got half-way.
    s3 = client(service.objects)
    s3.put_object(Bucket=service.bucket, Key="orphan", Body=b"x")
    s3.put_object(Bucket=service.bucket, Key="doomed", Body=b"x")
    service.query("INSERT INTO doomed_object VALUES ('doomed', now()), ('gone', now()) RETURNING 1")
    again = sweeping()
    await ready(again)
    (key,) = again.query("SELECT object_key FROM file")[0]
    await until(lambda: again.keys() == {key})
    await until(lambda: not again.query("SELECT 1 FROM doomed_object"))
    assert again.query("SELECT id FROM file") == [(kept.name[6:],)]
    assert not s3.list_multipart_uploads(Bucket=again.bucket).get("Uploads")


async def test_temporary_results_are_swept_and_others_stay(
    sweeping: Callable[[], Service], connect: Connect
) -> None:
    service = sweeping()
    await ready(service)
    processor = Caller(connect(service, "processor"))
    for variant, temporary in (("all", False), ("failed", True)):
        requests = parts("jobs/x", b"content", variant=variant, fence=1, temporary=temporary)
        await processor.results.WriteResult(requests, metadata=processor.metadata)
    await until(lambda: len(service.keys()) == 1)
    assert (await read(processor, "jobs/x"))[1] == b"content"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(processor, "jobs/x", "failed")
    assert refusal(caught.value).reason == "RESULT_NOT_FOUND"


async def test_of_two_replicas_one_sweeps_at_a_time(databases: Databases) -> None:
    with databases.fresh("files") as own:
        engines = [database.engine(own.url) for _ in range(2)]
        one, other = (
            SweepStore(engine, database.sessions(engine), now=lambda: datetime.now(UTC)) for engine in engines
        )
        async with one.alone() as first, other.alone() as second:
            assert (first, second) == (True, False)
        async with other.alone() as later:
            assert later
        for engine in engines:
            await engine.dispose()


async def test_a_database_that_is_away_is_no_end_of_the_sweep() -> None:
    engine = database.engine("postgresql+psycopg://nobody:x@127.0.0.1:1/none")
    store = SweepStore(engine, database.sessions(engine), now=lambda: datetime.now(UTC))
    with pytest.raises(Unavailable):
        async with store.alone():
            pass
    await engine.dispose()


async def test_files_go_after_the_shorter_period(
    own_service: Callable[..., Service], connect: Connect
) -> None:
    service = own_service(sweep_seconds=0.2, file_retention_days=30)
    await ready(service)
    people = [Caller(connect(service, "gateway")) for _ in range(3)]
    asked = files_pb2.UpdateFileSettingsRequest
    said = await people[1].files.UpdateFileSettings(asked(retention_days=7), metadata=people[1].metadata)
    assert (said.retention_days, said.installation_retention_days) == (7, 30)
    await people[2].files.UpdateFileSettings(asked(retention_days=90), metadata=people[2].metadata)
    names = {}
    for person, age in [(0, 29), (0, 31), (1, 6), (1, 8), (2, 29), (2, 31)]:
        file = await people[person].upload(b"a\n1\n")
        names[person, age] = file.name
        service.query(
            "UPDATE file SET create_time = now() - make_interval(days => %s) WHERE id = %s RETURNING 1",
            age,
            file.name[6:],
        )
    await until(lambda: service.query("SELECT count(*) FROM file") == [(3,)])
    left = {f"files/{id_}" for (id_,) in service.query("SELECT id FROM file")}
    assert left == {names[0, 29], names[1, 6], names[2, 29]}
    await until(lambda: len(service.keys()) == 3)
    await people[1].files.UpdateFileSettings(asked(), metadata=people[1].metadata)
    request = files_pb2.GetFileSettingsRequest()
    assert (await people[1].files.GetFileSettings(request, metadata=people[1].metadata)).retention_days == 0


async def test_without_a_period_files_stay(own_service: Callable[..., Service], connect: Connect) -> None:
    service = own_service(sweep_seconds=0.1)
    await ready(service)
    person = Caller(connect(service, "gateway"))
    await person.upload(b"a\n1\n")
    service.query("UPDATE file SET create_time = 'epoch' RETURNING 1")
    service.query("INSERT INTO doomed_object VALUES ('gone', now()) RETURNING 1")
    # The sweep has passed when it has come to what it does last.
    await until(lambda: not service.query("SELECT 1 FROM doomed_object"))
    assert service.query("SELECT count(*) FROM file") == [(1,)]


@pytest.mark.promise("S31")
async def test_on_a_full_disk_nothing_is_kept_and_afterwards_all_is_well(
    own_service: Callable[..., Service], connect: Connect
) -> None:
    """The disk beneath nameless files: files may write no file of more than a MiB for a while."""
    service = own_service()
    await ready(service)
    person = Caller(connect(service, "gateway"))
    content = b"First,Last,Note\n" + LINE * 3000
    log_bytes = service.log.stat().st_size
    with limited(service, log_bytes + (1 << 20)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await person.upload(content)
        assert refusal(caught.value).reason == "UNAVAILABLE"
        assert not service.keys()
        assert not service.query("SELECT 1 FROM file")
        # What needs no room goes on.
        assert (await person.upload(b"a\n1\n")).row_count == 1
    assert (await person.upload(content)).row_count == 3000


@contextmanager
def limited(service: Service, size: int) -> Iterator[None]:
    """Let the service write no larger file than this inside the block."""
    before = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, before)
