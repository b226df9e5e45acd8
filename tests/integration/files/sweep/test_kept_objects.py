"""Objects outlive their rows for as long as a restore may bring rows back; and what is lost is said."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import pytest
from smelt.files.v1 import files_pb2

from tests.integration.files.service import ROOT, Caller, Service, client, ready, refusal
from tests.integration.files.sweep.test_leavings import Connect, until

DAY = 24 * 3600


def _holds(service: Service, statement: str, *values: object) -> bool:
    return bool(service.query(statement, *values))


@pytest.fixture
def keeping(own_service: Callable[..., Service]) -> Service:
    """A service that sweeps all the time, and keeps objects for a week."""
    return own_service(sweep_seconds=0.2, orphan_seconds=1, discard_delay_days=7)


async def _swept(service: Service) -> None:
    """Return once a whole sweep has ended that began after this call: its last step finds an orphan."""
    marked = "SELECT 1 FROM doomed_object WHERE object_key = %s"
    for name in ("sentinel-1", "sentinel-2"):
        client(service.objects).put_object(Bucket=service.bucket, Key=name, Body=b"x")
        await until(partial(_holds, service, marked, name))


@pytest.mark.promise("S55")
async def test_a_deleted_files_object_waits_for_the_window_and_then_goes(
    keeping: Service, connect: Connect
) -> None:
    await ready(keeping)
    gateway = Caller(connect(keeping, "gateway"))
    file = await gateway.upload(b"a\n1\n")
    ((key, row),) = keeping.query("SELECT object_key, to_jsonb(f) FROM file f")
    request = files_pb2.DeleteFileRequest(name=file.name)
    await gateway.files.DeleteFile(request, metadata=gateway.metadata)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.download(file.name)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"
    await _swept(keeping)
    assert {key} <= keeping.keys()
    ((left,),) = keeping.query(
        "SELECT extract(epoch FROM discard_after - now()) FROM doomed_object WHERE object_key = %s", key
    )
    assert 6 * DAY < left <= 7 * DAY
    # Only the row was needed to read it; a restore has it again.
    assert row["wrapped_key"]
    keeping.query("UPDATE doomed_object SET discard_after = now() WHERE object_key = %s RETURNING 1", key)
    await until(lambda: not {key} <= keeping.keys())


@pytest.mark.promise("S55")
async def test_objects_without_rows_are_not_even_looked_for_while_they_are_held(keeping: Service) -> None:
    await ready(keeping)
    await _swept(keeping)
    keeping.query("INSERT INTO orphan_hold VALUES (true, now()) RETURNING 1")
    client(keeping.objects).put_object(Bucket=keeping.bucket, Key="later", Body=b"x")
    # The log says so at each look; two of them are a whole look.
    before = keeping.log.read_text().count("sweep.orphans_held")
    await until(lambda: keeping.log.read_text().count("sweep.orphans_held") > before + 1)
    marked = "SELECT 1 FROM doomed_object WHERE object_key = 'later'"
    assert not keeping.query(marked)
    keeping.query("DELETE FROM orphan_hold RETURNING 1")
    await until(lambda: bool(keeping.query(marked)))
    assert {"later"} <= keeping.keys()


def _lost(service: Service) -> tuple[int, str]:
    told = Path(f"/proc/{service.process.pid}/environ").read_text()
    environ = dict(pair.split("=", 1) for pair in told.split("\0") if "=" in pair)
    done = subprocess.run(
        [sys.executable, "-m", "services.files", "lost"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


async def test_of_a_lost_bucket_it_is_said_what_is_gone(keeping: Service, connect: Connect) -> None:
    await ready(keeping)
    gateway = Caller(connect(keeping, "gateway"))
    gone, back = await gateway.upload(b"a\n1\n"), await gateway.upload(b"a\n2\n")
    assert _lost(keeping) == (0, "0 of 2 files and 0 of 0 results are lost\n")
    s3 = client(keeping.objects)
    kept = {}
    for key in sorted(keeping.keys()):
        kept[key] = s3.get_object(Bucket=keeping.bucket, Key=key)["Body"].read()
        s3.delete_object(Bucket=keeping.bucket, Key=key)
    s3.delete_bucket(Bucket=keeping.bucket)
    # The service makes a new one, and goes on.
    new = await _uploaded(gateway)
    for file in (gone, back):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await gateway.download(file.name)
        assert refusal(caught.value).reason == "FILE_LOST"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await gateway.list_rows(file.name)
        assert refusal(caught.value).reason == "FILE_LOST"
    status, said = _lost(keeping)
    assert status == 1
    assert {line.split("\t")[1] for line in said.splitlines() if "\t" in line} == {gone.name, back.name}
    assert said.endswith("2 of 3 files and 0 of 0 results are lost\n")
    listed = await gateway.files.ListFiles(files_pb2.ListFilesRequest(), metadata=gateway.metadata)
    marked = {file.name for file in listed.files if file.HasField("lost_time")}
    assert marked == {gone.name, back.name}
    ((key,),) = keeping.query("SELECT object_key FROM file WHERE id = %s", back.name[6:])
    s3.put_object(Bucket=keeping.bucket, Key=key, Body=kept[key])
    assert _lost(keeping)[1].endswith("1 of 3 files and 0 of 0 results are lost\n")
    assert (await gateway.download(back.name))[0] == b"a\n2\n"
    assert (await gateway.download(new.name))[0] == b"a\n3\n"


async def _uploaded(gateway: Caller) -> files_pb2.File:
    """Upload once the bucket is there again; until then the store is away."""
    while True:
        try:
            return await gateway.upload(b"a\n3\n")
        except grpc.aio.AioRpcError as error:
            assert refusal(error).reason == "UNAVAILABLE"
