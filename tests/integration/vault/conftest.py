"""One running vault for all its tests, and others that a test may break."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.certificates import Certificates
from tests.integration.vault.vault_process import Files, Vault
from tests.support.stores import Databases


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vault(
    certificates: Certificates, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Vault]:
    """A vault that serves; tests take accounts of their own."""
    with databases.fresh("vault") as database, databases.fresh("keystore") as keystore:
        files = Files(tmp_path_factory.mktemp("vault"), database.url_file, keystore.url_file)
        running = Vault(files, certificates, database, keystore)
        await running.initialise()
        await running.start()
        try:
            yield running
        finally:
            await running.close()


@pytest.fixture
def stopped_vault(certificates: Certificates, databases: Databases, tmp_path: Path) -> Iterator[Vault]:
    """A vault of one test alone, migrated, not initialised and not started."""
    with databases.fresh("vault") as database, databases.fresh("keystore") as keystore:
        yield Vault(Files(tmp_path, database.url_file, keystore.url_file), certificates, database, keystore)


@pytest.fixture
async def fragile(stopped_vault: Vault) -> AsyncIterator[Vault]:
    """A vault of one test alone, serving."""
    await stopped_vault.initialise()
    await stopped_vault.start()
    yield stopped_vault
    await stopped_vault.close()
