"""The files service in a process of its own, and callers of it."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import grpc
import psycopg
from botocore.config import Config
from google.api import httpbody_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from smelt.files.v1 import files_pb2, files_pb2_grpc, results_pb2_grpc, rows_pb2_grpc

from deploy.local.certificates import Certificates
from deploy.local.s3 import BUCKET, REGION, ObjectStore
from services.common.ids import new_id
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.stores import Database
from tests.support.vault.stand_in import VaultStandIn

ROOT = Path(__file__).resolve().parents[3]
#: The vault that all services of these tests ask; it signs what their callers show.
VAULT = VaultStandIn()


@dataclass
class Service:
    """A running service, its database and its bucket."""

    process: subprocess.Popen[bytes]
    port: int
    health_port: int
    database: Database
    bucket: str
    objects: ObjectStore
    log: Path

    def keys(self) -> set[str]:
        """Return the keys of all objects."""
        s3 = client(self.objects)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {entry["Key"] for page in pages for entry in page.get("Contents", ())}

    def query(self, statement: str, *values: object) -> list[Any]:
        """Ask the database."""
        with psycopg.connect(self.database.conninfo) as connection:
            return connection.execute(statement, values).fetchall()


def client(objects: ObjectStore) -> Any:
    """Return a plain S3 client."""
    access, secret = objects.keys()
    return boto3.client(
        "s3",
        endpoint_url=objects.endpoint,
        region_name=REGION,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


@contextmanager
def running(
    directory: Path,
    *,
    certificates: Certificates,
    database: Database,
    objects: ObjectStore,
    vault_port: int,
    auth_port: int,
    **settings: object,
) -> Iterator[Service]:
    """Start the service and stop it in the end; settings are those of its own, by their short names."""
    port, health = free_port(), free_port()
    shown = certificates.identity("files")
    bucket = str(settings.pop("s3_bucket", BUCKET))
    objects.keys()
    environment = {
        "PATH": os.environ["PATH"],
        "SMELT_LISTEN": f"127.0.0.1:{port}",
        "SMELT_HEALTH_LISTEN": f"127.0.0.1:{health}",
        "SMELT_TLS_CERT_FILE": str(shown.cert_file),
        "SMELT_TLS_KEY_FILE": str(shown.key_file),
        "SMELT_TLS_CA_FILE": str(shown.ca_file),
        "SMELT_DATABASE_URL_FILE": str(database.url_file),
        "SMELT_DISCARD_DELAY_DAYS": "0",
        "SMELT_VAULT_ADDRESS": f"127.0.0.1:{vault_port}",
        "SMELT_AUTH_ADDRESS": f"127.0.0.1:{auth_port}",
        "SMELT_S3_ENDPOINT": objects.endpoint,
        "SMELT_S3_BUCKET": bucket,
        "SMELT_S3_ACCESS_KEY_FILE": str(objects.access_key_file),
        "SMELT_S3_SECRET_KEY_FILE": str(objects.secret_key_file),
        **{f"SMELT_{name.upper()}": str(value) for name, value in settings.items()},
    }
    log = directory / f"files-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.files", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Service(process, port, health, database, bucket, objects, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def ready(service: Service) -> None:
    """Wait until the service says that it is ready."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{service.health_port}/ready")
            return
        except OSError:
            assert service.process.poll() is None, service.log.read_text()
            await asyncio.sleep(0.1)
    raise AssertionError(service.log.read_text())


@dataclass
class Caller:
    """A channel to the service with somebody's certificate, on behalf of one account."""

    channel: grpc.aio.Channel
    account: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.metadata: tuple[tuple[str, str], ...] = (("x-smelt-passport", VAULT.passport(self.account)),)
        self.files = files_pb2_grpc.FileServiceStub(self.channel)
        self.rows = rows_pb2_grpc.RowServiceStub(self.channel)
        self.results = results_pb2_grpc.ResultServiceStub(self.channel)

    async def upload(
        self,
        content: bytes | Iterable[bytes],
        filename: str = "leads.csv",
        *,
        content_type: str = "text/csv",
        step: int = 256 * 1024,
        idempotency_key: str = "",
        **requested: Any,
    ) -> files_pb2.File:
        """Upload as the gateway does: the name first, then pieces."""
        pieces = cut(content, step) if isinstance(content, bytes) else content
        extra = (("idempotency-key", idempotency_key),) if idempotency_key else ()
        call = self.files.UploadFile(
            messages(pieces, filename, content_type, **requested), metadata=self.metadata + extra
        )
        answer: files_pb2.File = await call
        assert dict(await call.initial_metadata())["x-http-status"] == "201"
        return answer

    async def download(self, name: str, *extra: tuple[str, str]) -> tuple[bytes, dict[str, Any]]:
        """Return a file's bytes and the headers that came before them; `extra` is sent as headers."""
        request = files_pb2.DownloadFileRequest(name=name)
        call = self.files.DownloadFile(request, metadata=self.metadata + extra)
        headers = dict(await call.initial_metadata())
        pieces = [piece async for piece in call]
        headers["content-type"] = pieces[0].content_type
        return b"".join(piece.data for piece in pieces), headers

    async def list_rows(self, name: str, first: int = 0, count: int = 0) -> list[files_pb2.Row]:
        """Return rows as the gateway asks for them."""
        request = files_pb2.ListFileRowsRequest(parent=name, first=first, count=count)
        return list((await self.files.ListFileRows(request, metadata=self.metadata)).rows)


def cut(content: bytes, step: int) -> Iterable[bytes]:
    return (content[at : at + step] for at in range(0, max(1, len(content)), step))


async def messages(
    pieces: Iterable[bytes], filename: str, content_type: str, **requested: Any
) -> AsyncIterator[files_pb2.UploadFileRequest]:
    """Yield upload messages as the gateway makes them."""
    for number, piece in enumerate(pieces):
        if number == 0:
            yield files_pb2.UploadFileRequest(
                filename=filename,
                content=httpbody_pb2.HttpBody(content_type=content_type, data=piece),
                **requested,
            )
        else:
            yield files_pb2.UploadFileRequest(content=httpbody_pb2.HttpBody(data=piece))


def refusal(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    """Return why a call was refused."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return info
