"""A server on restored data that nobody else can reach: one Unix socket in a directory of mode 0700."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ops.errors import OpsError
from ops.postgres.programs import Programs, environment, last_line

SUPERUSER = "postgres"
_LOOK_SECONDS = 0.1
_STOP_SECONDS = 120.0
#: Of the cluster's own configuration, what would reach outside or needs files that are not here.
_CLOSED = {
    "listen_addresses": "",
    "port": "5432",
    "archive_mode": "off",
    "ssl": "off",
    "logging_collector": "off",
    "shared_preload_libraries": "",
    "primary_conninfo": "",
    "synchronous_standby_names": "",
    # Nobody reads before it is promoted, so its limits need not match those of the lost server.
    "hot_standby": "off",
    "max_connections": "50",
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a server replays when it starts: the log in a directory, up to a moment or to the log's end."""

    log: Path
    #: As Postgres reads it; empty: all there is.
    target_time: str = ""

    def prepare(self, data: Path) -> dict[str, str]:
        """Mark the data for recovery, and return the settings of it."""
        (data / "recovery.signal").touch(mode=0o600)
        place = shlex.quote(str(self.log)).replace("%", "%%")
        copy = f"cp {place}/%f %p"
        settings = {"restore_command": copy, "recovery_target_action": "promote"}
        settings["recovery_target_timeline"] = "current"
        if self.target_time:
            settings["recovery_target_time"] = self.target_time
            settings["recovery_target_inclusive"] = "on"
        return settings


@dataclass(frozen=True, slots=True)
class PrivateServer:
    """How to reach the running server."""

    sockets: Path
    #: A directory of this server's run; its log is in it.
    log: Path

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.sockets}&port=5432"


@contextmanager
def serving(
    programs: Programs,
    data: Path,
    *,
    log: Path,
    recovery: Recovery | None = None,
    seconds: float,
) -> Iterator[PrivateServer]:
    """Serve `data` until the context ends; ready when it takes writes. Raises OpsError."""
    # Paths of sockets must be short.
    sockets = Path(tempfile.mkdtemp(prefix="smelt-", dir="/tmp"))
    try:
        _own(programs, sockets)
        rules = sockets / "hba.conf"
        rules.write_text("local all all trust\n")
        rules.chmod(0o644)
        (sockets / "ident.conf").write_text("")
        settings: dict[str, str] = {
            **_CLOSED,
            "unix_socket_directories": str(sockets),
            "hba_file": str(rules),
            "ident_file": str(sockets / "ident.conf"),
            **(recovery.prepare(data) if recovery else {}),
        }
        if recovery:
            _own(programs, data / "recovery.signal")
        process = _start(programs, data, settings, log)
        try:
            server = PrivateServer(sockets, log)
            _wait(process, server, seconds)
            yield server
        finally:
            _stop(process)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def end_server(programs: Programs, data: Path) -> None:
    """End a server that a killed process has left on `data`; it recovers at its next start."""
    if (data / "postmaster.pid").exists():
        try:
            programs.run("pg_ctl", "stop", "-D", str(data), "-m", "immediate", "-w", directory=data)
        except OpsError:
            # There is none: the file outlived it.
            return


def _start(programs: Programs, data: Path, settings: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    argv = [programs.path("postgres"), "-D", str(data)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            argv,
            cwd=data,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            user=programs.uid,
            group=programs.gid,
            extra_groups=None if programs.uid is None else [],
        )
    finally:
        os.close(descriptor)


def _wait(process: subprocess.Popen[bytes], server: PrivateServer, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise OpsError(f"the restored server ended: {_why(server.log)}")
        try:
            with psycopg.connect(server.url(), connect_timeout=5, autocommit=True) as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
                if row == (False,):
                    return
        except psycopg.OperationalError:
            pass  # Not yet.
        if time.monotonic() > deadline:
            raise OpsError(f"the restored server was not ready after {seconds:.0f} s: {_why(server.log)}")
        time.sleep(_LOOK_SECONDS)


def _why(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return last_line("\n".join(told or lines))


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGQUIT)
            process.wait()


def _own(programs: Programs, path: Path) -> None:
    if programs.uid is not None and programs.gid is not None:
        os.chown(path, programs.uid, programs.gid)
