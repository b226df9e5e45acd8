"""Auth as a process: it migrates, gets ready with its vault, and stops when told."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from deploy.local.certificates import Certificates
from deploy.local.services import python_environment, tls
from services.auth.__main__ import MIGRATIONS
from services.auth.models import Base
from services.common.store import migrations
from tests.integration.auth.auth_server import free_addresses
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.stores import Databases
from tests.support.vault.stand_in import VaultStandIn


def test_the_migrations_make_the_tables_that_the_code_knows(databases: Databases) -> None:
    with databases.fresh("auth") as database:
        migrations.upgrade(MIGRATIONS, database.url)  # again: nothing happens
        engine = create_engine(database.url)
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        engine.dispose()


async def _status(url: str) -> int:
    try:
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status
    except aiohttp.ClientConnectionError:
        return 0


async def until_status(url: str, status: int) -> None:
    """Return once a probe gives this status."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await _status(url) != status:
            await asyncio.sleep(0.05)


async def test_it_is_live_at_once_ready_with_the_vault_and_ends_when_told(
    certificates: Certificates, databases: Databases, tmp_path: Path
) -> None:
    address, health, vault_address = free_addresses(3)
    vault = VaultStandIn()
    with databases.fresh("auth") as database:
        environment = {
            "PATH": os.environ["PATH"],
            **python_environment(),
            **tls(certificates.identity("auth")),
            "SMELT_LISTEN": address,
            "SMELT_HEALTH_LISTEN": health,
            "SMELT_VAULT_ADDRESS": vault_address,
            "SMELT_FILES_ADDRESS": "127.0.0.1:1",
            "SMELT_PROCESSOR_ADDRESS": "127.0.0.1:1",
            "SMELT_DATABASE_URL_FILE": str(database.url_file),
        }
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.auth", "serve", env=environment, stdout=log, stderr=log
            )
        try:
            await until_status(f"http://{health}/live", 200)
            assert await _status(f"http://{health}/ready") == 503
            await vault.start(peer(certificates, "vault"), vault_address)
            await until_status(f"http://{health}/ready", 200)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0
        finally:
            if process.returncode is None:
                process.kill()
            await vault.stop()
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert '"event":"server.stopped"' in said
