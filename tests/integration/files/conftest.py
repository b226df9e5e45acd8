"""One files service for all tests here: real Postgres, real S3, mTLS, and a stand-in for the vault."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from deploy.local.certificates import Certificates
from deploy.local.s3 import ObjectStore
from services.common.ids import new_id
from tests.integration.files.service import VAULT, Caller, Service, ready, running
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.sessions import serve_sessions
from tests.support.stores import Databases


@pytest.fixture(scope="session")
async def vault_port(certificates: Certificates) -> AsyncIterator[int]:
    port = free_port()
    await VAULT.start(peer(certificates, "vault"), f"127.0.0.1:{port}")
    yield port
    await VAULT.stop()


@pytest.fixture(scope="session")
async def auth_port(certificates: Certificates) -> AsyncIterator[int]:
    """Where nobody answers as auth, an upload ends after a minute, which is not much on a busy machine."""
    port = free_port()
    server = await serve_sessions(peer(certificates, "auth"), f"127.0.0.1:{port}")
    yield port
    await server.stop(None)


@pytest.fixture(scope="session")
async def service(
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
    databases: Databases,
    object_store: ObjectStore,
    vault_port: int,
    auth_port: int,
) -> AsyncIterator[Service]:
    directory: Path = tmp_path_factory.mktemp("files")
    with (
        databases.fresh("files") as database,
        running(
            directory,
            certificates=certificates,
            database=database,
            objects=object_store,
            vault_port=vault_port,
            auth_port=auth_port,
            s3_bucket=f"files-{new_id()}",
        ) as started,
    ):
        await ready(started)
        yield started


@pytest.fixture
def own_service(
    tmp_path: Path,
    certificates: Certificates,
    databases: Databases,
    object_store: ObjectStore,
    vault_port: int,
    auth_port: int,
) -> Iterator[Callable[..., Service]]:
    """`own_service(**settings)` starts a service over a database and a bucket of this test's own."""
    with ExitStack() as stack:
        database = stack.enter_context(databases.fresh("files"))
        bucket = f"files-{new_id()}"
        yield lambda **settings: stack.enter_context(
            running(
                tmp_path,
                certificates=certificates,
                database=database,
                vault_port=vault_port,
                auth_port=auth_port,
                s3_bucket=bucket,
                **{"objects": object_store, **settings},
            )
        )


@pytest.fixture(scope="session")
async def connect(certificates: Certificates) -> AsyncIterator[Callable[[Service, str], grpc.aio.Channel]]:
    """`connect(service, "gateway")` gives a channel with that caller's certificate."""
    made: list[grpc.aio.Channel] = []

    def channel(service: Service, caller: str) -> grpc.aio.Channel:
        shown = certificates.identity(caller)
        credentials = grpc.ssl_channel_credentials(
            shown.ca_file.read_bytes(), shown.key_file.read_bytes(), shown.cert_file.read_bytes()
        )
        options = [("grpc.ssl_target_name_override", "files"), ("grpc.use_local_subchannel_pool", 1)]
        made.append(grpc.aio.secure_channel(f"127.0.0.1:{service.port}", credentials, options))
        return made[-1]

    yield channel
    for opened in made:
        await opened.close()


@pytest.fixture
def gateway(service: Service, connect: Callable[[Service, str], grpc.aio.Channel]) -> Caller:
    """A new person, through the gateway."""
    return Caller(connect(service, "gateway"))


@pytest.fixture
def processor(
    service: Service, gateway: Caller, connect: Callable[[Service, str], grpc.aio.Channel]
) -> Caller:
    """The processor, on behalf of the same person."""
    return Caller(connect(service, "processor"), gateway.account)
