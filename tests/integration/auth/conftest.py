"""One running auth for all its tests, and others whose database or vault a test may take away."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.certificates import Certificates
from tests.integration.auth.auth_server import (
    Auth,
    Fragile,
    Replicas,
    free_addresses,
    replica,
    running_auth,
)
from tests.integration.auth.postgres_link import PostgresLink
from tests.support.stores import Databases
from tests.support.vault.stand_in import VaultStandIn

DEFAULT_LIMITS: dict[str, Any] = {"limit_login": "5/15m", "limit_register": "3/1h", "limit_reset": "3/1h"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def auth(certificates: Certificates, databases: Databases) -> AsyncIterator[Auth]:
    """Auth with everything it needs; tests take people of their own."""
    with databases.fresh("auth") as database:
        async with running_auth(certificates, database.url_file, database.conninfo, VaultStandIn()) as (
            running,
            _,
        ):
            yield running


@pytest.fixture
async def fragile(certificates: Certificates, databases: Databases, tmp_path: Path) -> AsyncIterator[Fragile]:
    """An auth of one test alone."""
    (address,) = free_addresses(1)
    link = PostgresLink(int(address.rpartition(":")[2]), databases.cluster.port)
    vault = VaultStandIn()
    with databases.fresh("auth") as database:
        url_file = tmp_path / "url"
        url_file.write_text(database.url.replace(f":{databases.cluster.port}/", f":{address[10:]}/"))
        await link.open()
        async with running_auth(certificates, url_file, database.conninfo, vault) as (running, where):
            yield Fragile(running, link, vault, where)
        link.thaw()
        await link.cut()


@pytest.fixture
async def replicas(certificates: Certificates, databases: Databases) -> AsyncIterator[Replicas]:
    """Two of one auth, with the limits that people meet."""
    vault = VaultStandIn()
    with databases.fresh("auth") as database:
        where = (certificates, database.url_file, database.conninfo, vault)
        async with (
            running_auth(*where, **DEFAULT_LIMITS) as (first, address),
            replica(*where, address, processor=first.processor, **DEFAULT_LIMITS) as second,
        ):
            yield Replicas(
                first,
                second,
                lambda **settings: replica(
                    *where, address, processor=first.processor, **{**DEFAULT_LIMITS, **settings}
                ),
            )
