"""Killed at any point of an upload, the files service or the S3 server: the whole file or none, no rest."""

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from botocore.exceptions import ClientError
from smelt.files.v1 import files_pb2

from deploy.local.pids import Register
from deploy.local.ports import PortBlock
from deploy.local.processes import Child
from deploy.local.s3 import ObjectStore
from deploy.local.secret_files import private_directory
from deploy.local.signals import Flag
from tests.integration.files.service import Caller, Service, client, messages, ready
from tests.integration.files.sweep.test_leavings import until
from tests.support.patience import PATIENCE_SECONDS
from tests.support.session import Session

Connect = Callable[[Service, str], grpc.aio.Channel]
Start = Callable[[], Service]
PIECE = b"Ada,Lovelace,ada@example.com," + b"r" * 1000 + b"\n"
CONTENT = [b"First,Last,E-Mail,Note\n", *([PIECE * 250] * 144)]
SHA256 = hashlib.sha256(b"".join(CONTENT)).hexdigest()
SHORT, LONG = 3, 50
#: One of this many points lies after the last byte, while the object is finished and its row is written.
AFTER = 5
AFTER_SECONDS = 0.03


def points(count: int) -> list[float]:
    """Return when to kill: from 0 to 1 a share of the bytes, from there on seconds after the last one."""
    after = max(2, count // AFTER)
    return [
        *(place / (count - after) for place in range(count - after)),
        *(1 + AFTER_SECONDS * place / after for place in range(after)),
    ]


async def killed(caller: Caller, point: float, kill: Callable[[], None]) -> None:
    """Upload, and kill something at that point."""
    sent_enough = asyncio.Event()

    async def pieces() -> AsyncIterator[files_pb2.UploadFileRequest]:
        number = 0
        async for message in messages(CONTENT, "a.csv", "text/csv"):
            if number == int(min(point, 1) * len(CONTENT)):
                sent_enough.set()
                if point < 1:
                    # What was sent must have its time to arrive, or it would always be nothing.
                    await asyncio.sleep(0.02)
            yield message
            number += 1
        sent_enough.set()

    upload = asyncio.ensure_future(caller.files.UploadFile(pieces(), metadata=caller.metadata))
    await asyncio.wait_for(sent_enough.wait(), PATIENCE_SECONDS)
    await asyncio.sleep(max(0.0, point - 1))
    kill()
    await asyncio.gather(upload, return_exceptions=True)


async def whole_or_none(caller: Caller, service: Service) -> bool:
    """Whether the file is there; then all of it can be read, and otherwise nothing is left of it."""
    listed = (await caller.files.ListFiles(files_pb2.ListFilesRequest(), metadata=caller.metadata)).files
    assert len(listed) <= 1
    for file in listed:
        content, _ = await caller.download(file.name)
        assert hashlib.sha256(content).hexdigest() == file.sha256 == SHA256
    named = {key for (key,) in service.query("SELECT object_key FROM file")}
    # The sweep takes an upload that nobody goes on with once it is old enough.
    await until(
        lambda: (
            service.keys() == named
            and not service.query("SELECT 1 FROM doomed_object")
            and not open_uploads(service)
        ),
        20,
    )
    return bool(listed)


def open_uploads(service: Service) -> list[Any]:
    try:
        return list(client(service.objects).list_multipart_uploads(Bucket=service.bucket).get("Uploads", ()))
    except ClientError as error:
        # So says this server when there is none.
        assert error.response["Error"]["Code"] == "NoSuchUpload"
        return []


def end(service: Service) -> None:
    service.process.send_signal(signal.SIGKILL)
    service.process.wait()


async def kill_files(start: Start, connect: Connect, count: int) -> None:
    service, outcomes = start(), []
    await ready(service)
    for point in points(count):
        person = Caller(connect(service, "gateway"))
        await killed(person, point, partial(end, service))
        service = start()
        await ready(service)
        outcomes.append(await whole_or_none(Caller(connect(service, "gateway"), person.account), service))
    assert not all(outcomes)


@pytest.fixture
def sweeping(own_service: Callable[..., Service]) -> Start:
    """Start a service that sweeps all the time; each call starts it anew over the same data."""
    return lambda: own_service(sweep_seconds=0.2, orphan_seconds=1, drain_seconds=0)


@pytest.mark.promise("S31")
async def test_killed_while_it_takes_an_upload_files_keeps_all_or_nothing(
    sweeping: Start, connect: Connect
) -> None:
    await kill_files(sweeping, connect, SHORT)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.promise("S31")
async def test_killed_at_50_points_files_keeps_all_or_nothing(sweeping: Start, connect: Connect) -> None:
    await kill_files(sweeping, connect, LONG)


class MortalStore:
    """An S3 server of this test's own, that can be killed and comes back over the same directory."""

    def __init__(self, home: Path, register: Register) -> None:
        with PortBlock.reserve() as ports:
            port = ports.take()
        self.store = ObjectStore(port, private_directory(home / "s3"), private_directory(home / "secrets"))
        self._child = Child(self.store.command(), logs=private_directory(home / "logs"), register=register)

    def start(self) -> None:
        self._child.start()
        self._child.wait_ready(30, Flag())

    def kill(self) -> None:
        at_once = Flag()
        at_once.set()
        self._child.stop(at_once)


@pytest.fixture
def mortal(tmp_path: Path, test_session: Session) -> Iterator[MortalStore]:
    store = MortalStore(tmp_path, Register(test_session.directory / "processes-mortal.json"))
    store.start()
    yield store
    store.kill()


async def kill_store(
    mortal: MortalStore, own_service: Callable[..., Service], connect: Connect, count: int
) -> None:
    service = own_service(objects=mortal.store, sweep_seconds=0.2, orphan_seconds=1, drain_seconds=0)
    await ready(service)
    outcomes = []
    for point in points(count):
        person = Caller(connect(service, "gateway"))
        await killed(person, point, mortal.kill)
        mortal.start()
        await ready(service)
        outcomes.append(await whole_or_none(person, service))
    assert not all(outcomes)


@pytest.mark.promise("S31")
@pytest.mark.long
async def test_when_the_s3_server_is_killed_an_upload_is_kept_whole_or_not_at_all(
    mortal: MortalStore, own_service: Callable[..., Service], connect: Connect
) -> None:
    await kill_store(mortal, own_service, connect, SHORT)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.promise("S31")
async def test_killed_at_50_points_the_s3_server_has_all_or_nothing(
    mortal: MortalStore, own_service: Callable[..., Service], connect: Connect
) -> None:
    await kill_store(mortal, own_service, connect, LONG)
