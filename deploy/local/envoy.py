"""The gateway process: Envoy with a rendered configuration, drained of requests before it is stopped."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import binaries
from deploy.local.probes import ask_socket, http_status
from deploy.local.processes import Command
from deploy.local.runtime import Runtime
from deploy.local.users import User
from gateway.arrivals import WORKERS

DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """Envoy on the one port that people use; its admin interface is a socket that only its user may open."""

    port: int
    home: Path
    ca_file: Path
    admin_socket: Path
    user: User | None = None
    runtime: Runtime = field(default_factory=Runtime)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def command(self) -> Command:
        """How to serve it."""
        argv = [
            str(self.runtime.at(binaries.envoy())),
            "-c",
            str(self.home / "envoy.yaml"),
            "--disable-hot-restart",
        ]
        argv += [
            "--drain-time-s",
            str(int(DRAIN_SECONDS)),
            "--concurrency",
            str(WORKERS),
            "--log-level",
            "warning",
        ]
        return Command(
            "envoy", tuple(argv), self.home, ready=self.serves, user=self.user, before_stop=self.drain
        )

    def serves(self) -> bool:
        """Whether Envoy has loaded its configuration and responds with one of this stack's certificates."""
        return (
            self._ask("/ready") == (200, b"LIVE\n")
            and http_status(self.port, "/healthz", ca_file=self.ca_file) == 200
        )

    def drain(self) -> None:
        """Ask clients to leave and give pending requests a moment, because Envoy aborts them at SIGTERM."""
        self._ask("/healthcheck/fail", method="POST")
        self._ask("/drain_listeners?graceful", method="POST")
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._requests_under_way() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _requests_under_way(self) -> int:
        answer = self._ask("/stats?format=json&filter=downstream_rq_active$")
        try:
            stats = json.loads(answer[1])["stats"] if answer else []
        except (ValueError, KeyError):
            return 0
        return sum(stat["value"] for stat in stats if not stat["name"].startswith("http.admin."))

    def _ask(self, target: str, *, method: str = "GET") -> tuple[int, bytes] | None:
        return ask_socket(self.admin_socket, target, method=method)
