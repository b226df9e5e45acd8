"""The backup drill: the embedded stack loses its main cluster, and a random moment of it comes back."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psycopg
import pytest

from deploy.local.processes import inherited_environment
from deploy.local.runtime import ROOT
from deploy.local.services import python_environment
from tests.e2e.api import PASSWORD, Person, register, tls
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.stack import GENEROUS, Launcher, Stack

BEATS = 100
SETTINGS = {
    "SMELT_BACKUPS": "on",
    "SMELT_BACKUP_SHIP_SECONDS": "0.5",
    "SMELT_BACKUP_HEARTBEAT_SECONDS": "0.5",
    "SMELT_WORKERS": "1",
}


@dataclass
class Drill:
    """A stack of its own, with backups on."""

    launcher: Launcher

    @property
    def state(self) -> Path:
        return self.launcher.state_dir

    def start(self) -> Stack:
        self.begin()
        return self.launcher.wait_started()

    def begin(self) -> None:
        self.shell = self.launcher.start(**GENEROUS, **SETTINGS)

    def ops(self, *arguments: str) -> str:
        """Run a command of `smelt-ops` as a person would; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "deploy.local", "ops", *arguments],
            cwd=ROOT,
            env={**inherited_environment(), "SMELT_STATE_DIR": str(self.state)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def connect(self) -> psycopg.Connection:
        told = json.loads((self.state / "backups.json").read_text())
        url = Path(told["SMELT_BACKUP_DATABASE_URL_FILE"]).read_text().strip()
        return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)

    def covers(self, moment: datetime) -> bool:
        """Whether the follower says that everything up to a moment is in the archive."""
        status = self.state / "backups" / "main" / "status"
        try:
            covered = json.loads((status / "wal.json").read_text())["covered"]
        except FileNotFoundError:
            return False
        return (status / "full.json").exists() and covered and datetime.fromisoformat(covered) >= moment

    def lose(self, stack: Stack) -> None:
        """`kill -9` of everything, and the disks of the server and of the receiver are gone."""
        os.kill(self.launcher.pid(), signal.SIGKILL)
        for pid in stack.pids.values():
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self.shell.wait()
        shutil.rmtree(self.state / "postgres" / "data")
        shutil.rmtree(self.state / "backup-spool")

    def operator(self, *arguments: str) -> str:
        """Run a command of the vault as its operator; return what it says."""
        log = (self.state / "logs" / "vault.log").read_text().splitlines()
        started = [line for line in log if '"server.started"' in line][-1]
        certificates = self.state / "certs"
        done = subprocess.run(
            [sys.executable, "-m", "services.vault", *arguments],
            cwd=ROOT,
            env={
                **inherited_environment(),
                **python_environment(),
                "SMELT_VAULT_ADDRESS": started.split('"listen":"')[1].split('"')[0],
                "SMELT_TLS_CERT_FILE": str(certificates / "operator.pem"),
                "SMELT_TLS_KEY_FILE": str(certificates / "operator.key"),
                "SMELT_TLS_CA_FILE": str(certificates / "ca.pem"),
            },
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr


@pytest.fixture
def drill() -> Iterator[Drill]:
    """A stack that has not been started; its paths must be short, and open to users without an account."""
    home = Path(tempfile.mkdtemp(prefix="smelt-drill-", dir="/tmp"))
    home.chmod(0o755)
    made = Drill(Launcher(home / "state"))
    try:
        yield made
    finally:
        with suppress(ProcessLookupError, ValueError, FileNotFoundError):
            os.kill(made.launcher.pid(), signal.SIGTERM)
            made.launcher.wait_ended()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def at(stack: Stack) -> Iterator[httpx2.Client]:
    with httpx2.Client(
        base_url=stack.gateway_url, verify=tls(stack), timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        yield http


def beats(drill: Drill, numbers: range) -> dict[int, datetime]:
    """Commit a numbered row each; return when, by the cluster's clock, each had been committed."""
    with drill.connect() as connection:
        times = {}
        for number in numbers:
            connection.execute("INSERT INTO beats (n) VALUES (%s)", (number,))
            # Load between them: a piece of log ends, and another begins.
            connection.execute(
                "INSERT INTO load SELECT repeat(md5(n::text), 40) FROM generate_series(1, 150) n"
            )
            row = connection.execute("SELECT clock_timestamp()").fetchone()
            assert row is not None
            times[number] = row[0].astimezone(UTC)
        return times


@pytest.mark.promise("S55")
@pytest.mark.promise("S56")
@pytest.mark.timeout(900)
def test_a_random_moment_comes_back_after_everything_was_lost(drill: Drill) -> None:
    stack = drill.start()
    with at(stack) as http:
        stays, leaves = register(http), register(http)
        made = stays.ok("POST", "/v1/accessTokens", {"display_name": "revoked", "scopes": ["read"]})
    with drill.connect() as connection:
        connection.execute("CREATE TABLE beats (n int PRIMARY KEY)")
        connection.execute("CREATE TABLE load (text text)")
        begun = connection.execute("SELECT clock_timestamp()").fetchone()
    assert begun is not None
    until(lambda: drill.covers(begun[0]), "no full backup was made")
    times = beats(drill, range(1, BEATS + 1))
    chosen = random.randrange(BEATS // 4, BEATS)
    with at(stack) as http:
        stays.http = leaves.http = http
        # Since the last beat: what must stay dead.
        left = http.post("/v1/sessions", json={"email": stays.email, "password": PASSWORD}).json()["token"]
        assert stays.call("DELETE", f"/v1/{made['name']}").status_code == 200
        leaves.ok("POST", "/v1/users/me:delete", {"password": PASSWORD})
        last = beats(drill, range(BEATS + 1, BEATS + 2))[BEATS + 1]
    until(lambda: drill.covers(last), "the log did not arrive")
    drill.lose(stack)

    drill.ops("restore", "--to", times[chosen].isoformat())

    drill.begin()
    until(lambda: "waits for its operator: " in drill.launcher.said(), drill.launcher.said)
    drill.operator("erasures", "replay")
    stack = drill.launcher.wait_started()
    with drill.connect() as connection:
        rows = connection.execute("SELECT n FROM beats ORDER BY n").fetchall()
    assert [row[0] for row in rows] == list(range(1, chosen + 1))
    with at(stack) as http:
        for token in (stays.token, left, made["token"], leaves.token):
            ended = http.get("/v1/users/me", headers={"authorization": f"Bearer {token}"})
            assert ended.status_code == 401
        again = {"email": leaves.email, "password": PASSWORD}
        assert http.post("/v1/sessions", json=again).status_code == 401
        signed_in = http.post("/v1/sessions", json={"email": stays.email, "password": PASSWORD})
        assert signed_in.status_code == 201
        assert Person(http, stays.email, signed_in.json()["token"]).call("GET", "/v1/jobs").status_code == 200
    said = drill.operator("audit", "verify")
    # Records that a checkpoint knows may be gone with what came after the moment; the verifier says so then.
    assert "no findings" in said or "cut off: a checkpoint knows record" in said, said
    # The new history is followed and backed up too, by itself.
    now = beats(drill, range(BEATS + 2, BEATS + 3))[BEATS + 2]
    until(lambda: drill.covers(now), "the new timeline is not followed")
