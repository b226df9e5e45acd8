"""A replica on a machine whose clock is wrong: what has expired is refused, and what has not is let in."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.certificates import Certificates
from deploy.local.services import python_environment, tls
from services.auth.tokens import token_text
from services.common.rpc import tls as channels
from tests.integration.auth.auth_server import Auth, free_addresses
from tests.integration.auth.test_auth_process import until_status
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.stores import Database, Databases
from tests.support.suspension import SuspensionStandIn
from tests.support.vault.stand_in import VaultStandIn

HOUR = 3600


@asynccontextmanager
async def shifted(
    certificates: Certificates, database: Database, vault: VaultStandIn, directory: Path, seconds: int
) -> AsyncIterator[Auth]:
    """Run auth as a process whose machine's clock is this far ahead."""
    address, health, vault_address = free_addresses(3)
    await vault.start(peer(certificates, "vault"), vault_address)
    environment = {
        "PATH": os.environ["PATH"],
        **python_environment(),
        **tls(certificates.identity("auth")),
        "SHIFT_SECONDS": str(seconds),
        "SMELT_LISTEN": address,
        "SMELT_HEALTH_LISTEN": health,
        "SMELT_VAULT_ADDRESS": vault_address,
        "SMELT_FILES_ADDRESS": "127.0.0.1:1",
        "SMELT_PROCESSOR_ADDRESS": "127.0.0.1:1",
        "SMELT_DATABASE_URL_FILE": str(database.url_file),
    }
    with (directory / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.shifted", "services.auth", "serve",
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        await until_status(f"http://{health}/ready", 200)
        async with channels.channel(peer(certificates, "gateway"), "auth", address) as channel:
            yield Auth(
                certificates, address, database.conninfo, vault, channel, directory, SuspensionStandIn()
            )
    finally:
        process.kill()
        await process.wait()
        await vault.stop()


def access_token(auth: Auth, account: str, life: str) -> str:
    """Give an account a token that expires this long from now, by the database's clock."""
    text = token_text.compose(secrets.token_bytes(32))
    auth.execute(
        "INSERT INTO access_token"
        " VALUES (%s, %s, %s, 'script', '{read}', now(), now() + CAST(%s AS interval))",
        secrets.token_hex(13),
        account,
        token_text.digest_of(text),
        life,
    )
    return text


@pytest.mark.promise("S22")
@pytest.mark.parametrize("seconds", [-HOUR, pytest.param(HOUR, marks=pytest.mark.long)])
async def test_what_has_expired_is_refused_and_what_has_not_is_let_in(
    certificates: Certificates, databases: Databases, tmp_path: Path, seconds: int
) -> None:
    vault = VaultStandIn()
    with databases.fresh("auth") as database:
        async with shifted(certificates, database, vault, tmp_path, seconds) as auth:
            person = auth.person()

            async def passes(token: str) -> bool:
                return (await auth.check(f"Bearer {token}")).HasField("ok_response")

            assert await passes(person.token)
            assert await passes(access_token(auth, person.account, "10 minutes"))
            assert not await passes(access_token(auth, person.account, "-1 second"))
            claims = {"sub": person.account, "sid": person.session}
            soon, past = int(time.time()) + 600, int(time.time()) - 600
            assert await passes(vault.token("session", {**claims, "exp": soon}))
            assert not await passes(vault.token("session", {**claims, "iat": past - 60, "exp": past}))
            # Its use is written by the same clock.
            auth.execute("UPDATE session SET last_used_time = now() - interval '6 minutes'")
            assert await passes(person.token)
            assert auth.execute(
                "SELECT abs(extract(epoch FROM now() - last_used_time)) < %s FROM session", PATIENCE_SECONDS
            ) == [(True,)]
            # Idle for seven days, and nearly so.
            auth.execute("UPDATE session SET last_used_time = now() - interval '6 days 23 hours 50 minutes'")
            assert await passes(person.token)
            auth.execute("UPDATE session SET last_used_time = now() - interval '7 days 1 second'")
            assert not await passes(person.token)
            auth.execute(
                "UPDATE session SET last_used_time = now(), expire_time = now() - interval '1 second'"
            )
            assert not await passes(person.token)
    assert '"event":"clock.differs"' in (tmp_path / "log").read_text()
