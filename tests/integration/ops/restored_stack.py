"""An embedded stack of its own whose main cluster can be put back to a moment, as by a restore."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psycopg

from deploy.local.accounts import Identities
from deploy.local.layout import Layout
from deploy.local.postgres import SUPERUSER, reachable_binaries
from deploy.local.processes import inherited_environment
from deploy.local.runtime import ROOT
from deploy.local.services import python_environment
from ops.aftermath.report import Report
from ops.aftermath.settle import finish, settle
from ops.errors import OpsError
from ops.postgres.private_server import PrivateServer, Recovery, serving
from ops.postgres.programs import Programs
from ops.state import Steps
from tests.e2e.api import tls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import GENEROUS, Launcher, Stack

WINDOW = timedelta(days=7)


@dataclass
class RestoredStack:
    """A stack that is started, stopped, and started on data of the past."""

    directory: Path
    settings: dict[str, str]
    launcher: Launcher = field(init=False)
    stack: Stack = field(init=False)
    shell: "subprocess.Popen[bytes]" = field(init=False)
    moment: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.launcher = Launcher(self.directory / "state")

    @property
    def layout(self) -> Layout:
        return Layout(self.launcher.state_dir.resolve())

    @property
    def data(self) -> Path:
        return self.layout.state / "postgres" / "data"

    @property
    def past(self) -> Path:
        """The base backup of the moment."""
        return self.directory / "past"

    def start(self) -> None:
        self.begin_start()
        self.stack = self.launcher.wait_started()

    def begin_start(self) -> None:
        self.shell = self.launcher.start(**GENEROUS, **self.settings)

    def stop(self) -> None:
        self.launcher.signal(signal.SIGTERM)
        assert self.launcher.wait_ended() == 0, self.launcher.said()
        self.shell.wait()

    def http(self) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.stack.gateway_url,
            verify=tls(self.stack),
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        )

    def programs(self) -> Programs:
        user = Identities.ensure(self.layout.identities_file).of("postgres")
        binaries = reachable_binaries(user, self.layout.state)
        return Programs(binaries, user.uid if user else None, user.gid if user else None)

    def remember(self) -> None:
        """Back the main cluster up as it is now: this is the moment."""
        secret, port = self._secret(), self._port()
        subprocess.run(
            (
                *(self.programs().path("pg_basebackup"), "-D", str(self.past), "-X", "stream", "-c", "fast"),
                *("-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER),
            ),
            env={**os.environ, "PGPASSWORD": secret, "LC_ALL": "C"},
            check=True,
        )
        self.moment = datetime.now(UTC)

    def _secret(self) -> str:
        return (self.layout.secrets / f"postgres-{SUPERUSER}.password").read_text().strip()

    def _port(self) -> str:
        return (self.data / "postmaster.pid").read_text().splitlines()[3]

    def finish(self) -> Report:
        """Let go of what the settlement held, while the stack runs."""
        url = f"postgresql://{SUPERUSER}:{self._secret()}@127.0.0.1:{self._port()}/postgres"
        return asyncio.run(finish(url, Steps(self.directory / "finish.json"), window=WINDOW))

    @contextmanager
    def _locked(self, main: PrivateServer) -> Iterator[None]:
        """Keep the last step of a settlement from being done, as a kill before it does."""
        with psycopg.connect(main.url("auth")) as connection:
            connection.execute("LOCK TABLE account IN EXCLUSIVE MODE")
            yield
            connection.rollback()

    def cut_off(self, main: PrivateServer) -> str:
        """Settle all but auth's database; return what the operator is told."""
        with self._locked(main):
            try:
                self.settled(main, None, name="cut-off")
            except OpsError as error:
                return str(error)
        raise AssertionError("the settlement ended although auth's database was locked")

    def settled(self, main: PrivateServer, shadow: PrivateServer | None, *, name: str) -> Report:
        """Settle under a state file of this name."""
        return asyncio.run(
            settle(
                main.url(),
                shadow.url() if shadow else None,
                self.moment,
                Steps(self.directory / f"{name}.json"),
                ledger=None,
                window=WINDOW,
            )
        )

    @contextmanager
    def recovered(self, *, shadow: bool) -> Iterator[tuple[PrivateServer, PrivateServer | None]]:
        """Serve the moment's data on a new timeline, and the latest as the shadow; then swap the first in."""
        programs, main = self.programs(), self.directory / "main"
        shutil.rmtree(main, ignore_errors=True)
        shutil.copytree(self.past, main)
        self._own(main, programs)
        nothing = self.directory / "no-log"
        nothing.mkdir(exist_ok=True)
        with ExitStack() as servers:

            def serve(data: Path, recovery: Recovery | None) -> PrivateServer:
                log = self.directory / f"{data.name}.log"
                return servers.enter_context(
                    serving(programs, data, log=log, recovery=recovery, seconds=PATIENCE_SECONDS)
                )

            yield serve(main, Recovery(nothing)), serve(self.data, None) if shadow else None
        for left in ("recovery.signal", "postmaster.pid"):
            (main / left).unlink(missing_ok=True)
        shutil.rmtree(self.data)
        main.rename(self.data)

    def restore(self, *, shadow: bool, job: str) -> tuple[Report, Report, set[int]]:
        """Put the moment back, and settle twice; return both reports, and the job's rows of the moment."""
        with self.recovered(shadow=shadow) as (main, later):
            done = _rows_done(main, job)
            name = "with" if shadow else "without"
            if not shadow:
                assert "database auth" in self.cut_off(main)
            first = self.settled(main, later, name=name)
            # Without what the first run has noted, as after a kill before its note.
            again = self.settled(main, later, name=f"{name}-again")
        return first, again, done

    def _own(self, place: Path, programs: Programs) -> None:
        if programs.uid is not None and programs.gid is not None:
            for path in (place, *place.rglob("*")):
                os.chown(path, programs.uid, programs.gid, follow_symlinks=False)

    def operator(self, *arguments: str) -> tuple[int, str]:
        """Run a command of the vault as the operator; return its status and output."""
        address = self._vault_address()
        certificates = self.layout.certificates
        done = subprocess.run(
            [sys.executable, "-m", "services.vault", *arguments],
            cwd=ROOT,
            env={
                **inherited_environment(),
                **python_environment(),
                "SMELT_VAULT_ADDRESS": address,
                "SMELT_TLS_CERT_FILE": str(certificates / "operator.pem"),
                "SMELT_TLS_KEY_FILE": str(certificates / "operator.key"),
                "SMELT_TLS_CA_FILE": str(certificates / "ca.pem"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def _vault_address(self) -> str:
        for line in reversed((self.layout.logs / "vault.log").read_text().splitlines()):
            if '"server.started"' in line:
                return line.split('"listen":"')[1].split('"')[0]
        raise AssertionError("the vault has not started")


@contextmanager
def restored_stack(**settings: str) -> Iterator[RestoredStack]:
    """A stack in a directory of its own, gone at the end."""
    # Its socket's path must be short.
    directory = Path(tempfile.mkdtemp(prefix="smelt-past-", dir="/tmp"))
    directory.chmod(0o755)
    made = RestoredStack(directory, settings)
    try:
        yield made
    finally:
        if (made.launcher.state_dir / "launcher.lock").exists() and made.shell.poll() is None:
            made.launcher.signal(signal.SIGTERM)
            made.launcher.wait_ended()
            made.shell.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _rows_done(server: PrivateServer, job: str) -> set[int]:
    with psycopg.connect(server.url("processor")) as connection:
        found = connection.execute("SELECT row FROM result WHERE job = %s AND state IN (1, 2)", (job,))
        return {row for (row,) in found.fetchall()}
