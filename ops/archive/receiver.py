"""Receives the main cluster's log into the spool, with Postgres' own program and a slot of its own."""

import contextlib
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ops.postgres import source
from ops.postgres.programs import Programs, environment, last_line
from ops.postgres.segments import SEGMENT
from ops.postgres.source import SLOT, Source

log: structlog.stdlib.BoundLogger = structlog.get_logger()
_STOP_SECONDS = 10.0


@dataclass(slots=True)
class Receiver:
    """One child that writes the log into a directory; started again when it has ended."""

    source: Source
    programs: Programs
    directory: Path
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start receiving where the spool ends; raise SourceUnavailable.

        A slot whose log the server has thrown away is replaced, as one that is not there (a restored cluster
        has none). The spool then says nothing of where to begin, so it must be empty; what is missing is
        noticed by its names.
        """
        self._report_end()
        with self.source.connected() as connection:
            # A receiver of a killed process would keep the slot; it ends with its connection.
            source.end_receivers(connection)
            state = source.slot_state(connection)
            if state is not None and state.lost:
                log.error("wal.slot_lost")
                source.drop_slot(connection)
                state = None
            if state is None:
                if any(SEGMENT.fullmatch(path.name) for path in self.directory.iterdir()):
                    return  # Those are shipped first.
                for path in self.directory.iterdir():
                    path.unlink()
                source.create_slot(connection)
        argv = [self.programs.path("pg_receivewal"), "-d", self.source.url, "-D", str(self.directory)]
        argv += ["--slot", SLOT, "--synchronous", "--no-loop", "--no-password", "--status-interval=1"]
        self._process = subprocess.Popen(
            argv,
            env=environment(password_file=self.source.password_file),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.directory.parent / "receiver.err").open("wb"),
        )

    def stop(self) -> None:
        """Stop receiving; what has arrived is in the spool."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def _report_end(self) -> None:
        if self._process is None:
            return
        text = ""
        with contextlib.suppress(OSError):
            text = (self.directory.parent / "receiver.err").read_text(errors="replace")
        # Words of Postgres about its own log: they hold no data.
        log.warning("wal.receiver_ended", status=self._process.returncode, why=last_line(text))
        self._process = None
