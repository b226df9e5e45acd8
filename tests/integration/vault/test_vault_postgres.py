"""The vault while its own Postgres server hangs or dies under load: no key leaves, and it is not ready."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import PortBlock
from deploy.local.postgres import Cluster
from deploy.local.secret_files import private_directory, write_secret
from deploy.local.signals import Flag
from services.common.ids import new_id
from tests.integration.vault.vault_process import SECRET, Vault, new_account, worker
from tests.support import stores
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.proc import tree
from tests.support.session import Room, Session


@dataclass(slots=True)
class Server:
    """A Postgres server of one test alone."""

    cluster: Cluster

    def pids(self) -> set[int]:
        """The server and all that it has started."""
        return tree(int((self.cluster.data / "postmaster.pid").read_text().split()[0]))

    def signal(self, number: signal.Signals, *, also: AbstractSet[int] = frozenset()) -> None:
        for pid in self.pids() | also:
            # A connection's process may end by itself meanwhile.
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@pytest.fixture
def server(test_session: Session) -> Server:
    """Started for the test, ended with the run."""
    name = f"own-postgres-{new_id()[:8]}"

    def start(room: Room) -> dict[str, Any]:
        with PortBlock.reserve() as ports:
            cluster = stores._cluster(room.directory, ports.take())
            logs = private_directory(room.directory / "logs")
            cluster.initialise(logs=logs, register=room.register, stopping=Flag())
            stores._serve(cluster.command(), room)
            cluster.prepare()
            return {"port": cluster.port}

    port = test_session.shared(name, start)["port"]
    return Server(stores._cluster(test_session.directory / name, port))


@pytest.fixture
async def vault(stopped_vault: Vault, server: Server, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault whose database is on that server; its key store is not."""
    url = server.cluster.url("vault", role="vault")
    url_file = tmp_path / "own.url"
    write_secret(url_file, url)
    stopped_vault.files = replace(stopped_vault.files, database_url_file=url_file)
    stopped_vault.database = replace(stopped_vault.database, url=url, url_file=url_file)
    status, said = stopped_vault.run("migrate")
    assert status == 0, said
    await stopped_vault.initialise()
    await stopped_vault.start()
    yield stopped_vault
    await stopped_vault.close()


@pytest.mark.promise("S09")
@pytest.mark.parametrize("how", first(1, [signal.SIGSTOP, signal.SIGKILL]))
async def test_while_postgres_hangs_or_is_dead_no_key_leaves_and_the_vault_is_not_ready(
    vault: Vault, server: Server, how: signal.Signals
) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name, last_row=10**6, release_budget=10**7)).token
    outcomes: list[tuple[bool, str]] = []
    ended = False
    stopped = server.pids()

    async with worker(vault) as stream:

        async def load(first: int) -> None:
            # By whether the server had ended already when it was asked for.
            for row in range(first, first + 100_000):
                outcomes.append((ended, await stream.outcome(grant, row)))
                if outcomes[-1][1] != SECRET:
                    return

        loads = [asyncio.ensure_future(load(1 + n * 100_000)) for n in range(8)]
        while len(outcomes) < 200:
            await asyncio.sleep(0.01)
        server.signal(how)
        ended = True
        try:
            # All that was in flight is answered while the server is away, and refused.
            await asyncio.wait_for(asyncio.gather(*loads), PATIENCE_SECONDS)
            assert [said for _, said in outcomes if said != SECRET] == ["AUDIT_UNAVAILABLE"] * 8
            await vault.wait("/ready", 503)
            assert await vault.probe("/live") == 200
            assert await stream.outcome(grant, 999_999) == "AUDIT_UNAVAILABLE"
        finally:
            if how is signal.SIGSTOP:
                server.signal(signal.SIGCONT, also=stopped)
        # An answer that was on its way when the server stopped may arrive just after.
        assert not any(late for late, said in outcomes if said == SECRET)
        if how is signal.SIGSTOP:
            await vault.wait("/ready", 200)
            assert await stream.outcome(grant, 999_998) == SECRET
            released = vault.query("SELECT count(*) FROM audit_records WHERE outcome = 'released'")
            assert released[0][0] >= sum(said == SECRET for _, said in outcomes) + 1
