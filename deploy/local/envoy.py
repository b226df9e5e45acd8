"""The gateway process: Envoy with a rendered configuration, drained of requests before it is stopped."""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from deploy.local import binaries
from deploy.local.probes import http_status
from deploy.local.processes import Command

DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """Envoy on the one port that people use, with its admin server on another one."""

    port: int
    admin_port: int
    home: Path
    ca_file: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def command(self) -> Command:
        """How to serve it."""
        argv = [str(binaries.envoy()), "-c", str(self.home / "envoy.yaml"), "--disable-hot-restart"]
        argv += ["--drain-time-s", str(int(DRAIN_SECONDS)), "--concurrency", "2", "--log-level", "warning"]
        return Command("envoy", tuple(argv), self.home, ready=self.serves, before_stop=self.drain)

    def serves(self) -> bool:
        """Whether Envoy has loaded its configuration and responds with one of this stack's certificates."""
        return (
            http_status(self.admin_port, "/ready") == 200
            and http_status(self.port, "/healthz", ca_file=self.ca_file) == 200
        )

    def drain(self) -> None:
        """Ask clients to leave and give pending requests a moment, because Envoy aborts them at SIGTERM."""
        http_status(self.admin_port, "/healthcheck/fail", method="POST")
        http_status(self.admin_port, "/drain_listeners?graceful", method="POST")
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._requests_under_way() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _requests_under_way(self) -> int:
        question = f"http://127.0.0.1:{self.admin_port}/stats?format=json&filter=downstream_rq_active$"
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                question, timeout=1
            ) as answer:
                stats = json.load(answer)["stats"]
        except (OSError, ValueError, KeyError):
            return 0
        return sum(stat["value"] for stat in stats if not stat["name"].startswith("http.admin."))
