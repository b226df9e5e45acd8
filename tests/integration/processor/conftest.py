"""One processor with its stand-ins for all tests of this folder, and workers for tests that need them."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.certificates import Certificates
from deploy.local.valkey import Valkey
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, Suite, gateway_channel
from tests.support.provider import Provider
from tests.support.stores import Databases
from tests.support.vault.known import ApiKey
from tests.support.vault.stand_in import VaultStandIn
from tests.support.webhook_receiver import Receiver, receiving


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    with Provider.start() as provider:
        yield provider


@pytest.fixture(scope="session")
def stand_ins(certificates: Certificates, running_provider: Provider) -> Iterator[StandIns]:
    with StandIns(certificates) as running:
        running.vault.usual_key = ApiKey("apiKeys/usual", running_provider.base_url)
        yield running


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@contextmanager
def _unserved(
    certificates: Certificates,
    stand_ins: StandIns,
    provider: Provider,
    databases: Databases,
    valkey: Valkey,
    receiver: Receiver,
    directory: Path,
) -> Iterator[Suite]:
    """A processor over a database of its own, not served yet; all its processes end with the block."""
    made = Suite(certificates, stand_ins, provider, directory=directory)
    made.webhooks = receiver.address
    url_file = directory / "redis.url"
    url_file.write_text(valkey.url())
    with databases.fresh("processor") as database:
        made.use(database, url_file)
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def suite(
    certificates: Certificates,
    stand_ins: StandIns,
    running_provider: Provider,
    databases: Databases,
    valkey: Valkey,
    receiver: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Suite]:
    """The processor over a database of its own; workers are started by the tests."""
    directory = tmp_path_factory.mktemp("processor")
    with _unserved(certificates, stand_ins, running_provider, databases, valkey, receiver, directory) as made:
        made.serve()
        yield made


@pytest.fixture
def suite_apart(
    certificates: Certificates,
    stand_ins: StandIns,
    running_provider: Provider,
    databases: Databases,
    valkey: Valkey,
    receiver: Receiver,
    tmp_path: Path,
) -> Iterator[Suite]:
    """One that no other test's workers know; its fixture or test changes its settings and serves it."""
    with _unserved(certificates, stand_ins, running_provider, databases, valkey, receiver, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def worker(suite: Suite) -> Process:
    """A worker that no test kills."""
    return suite.worker()


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.reset()
    return running_provider


@pytest.fixture
def vault(stand_ins: StandIns, running_provider: Provider) -> Iterator[VaultStandIn]:
    """The stand-in for the vault, in which all accounts have the same API key; reset after the test."""
    # A new API key, so that what workers have learned about its pace in another test does not count here.
    usual = ApiKey(f"apiKeys/{secrets.token_hex(4)}", running_provider.base_url)
    stand_ins.vault.usual_key = usual
    yield stand_ins.vault
    stand_ins.vault.usual_key = usual
    stand_ins.vault.relent()


@pytest.fixture
def world(stand_ins: StandIns, vault: VaultStandIn) -> World:
    """What files and auth know."""
    return stand_ins.world


@pytest.fixture
async def ada(suite: Suite, stand_ins: StandIns) -> AsyncIterator[Person]:
    async with gateway_channel(suite.certificates, suite.address) as channel:
        yield Person(channel, stand_ins.passport("ada"))


@pytest.fixture
async def eve(suite: Suite, stand_ins: StandIns) -> AsyncIterator[Person]:
    async with gateway_channel(suite.certificates, suite.address) as channel:
        yield Person(channel, stand_ins.passport("eve"))
