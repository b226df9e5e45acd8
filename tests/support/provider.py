"""The stand-in provider for tests: starts it as a process of its own, scripts it, and reads what it saw."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from deploy.local.provider_answers import answer_for
from deploy.local.provider_record import fingerprint
from tests.support.patience import PATIENCE_SECONDS

__all__ = ["Provider", "answer_for", "authorization_sha256"]

ROOT = Path(__file__).resolve().parents[2]


def authorization_sha256(secret: str) -> str:
    """Return what the stand-in records of the key of a call."""
    return fingerprint(f"Bearer {secret}")


class Provider:
    """A stand-in provider: a new one (``Provider.start()``), or a running one (``Provider(address)``).

    ``address`` is ``host:port``, as ``SMELT_PRIVATE_PROVIDERS`` wants it; ``base_url`` is for an API key.
    """

    def __init__(self, address: str, process: subprocess.Popen[str] | None = None) -> None:
        self.address = address
        self.base_url = f"http://{address}/v1"
        self._process = process
        self._http = httpx2.Client(base_url=f"http://{address}", trust_env=False, timeout=PATIENCE_SECONDS)

    @classmethod
    def start(cls, *, port: int = 0) -> Provider:
        """Start one on a free port and return once it responds."""
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.provider"],
            cwd=ROOT,
            env={**os.environ, "SMELT_STANDIN_LISTEN": f"127.0.0.1:{port}", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
        line = process.stdout.readline() if ready else ""
        found = re.match(r"listening on (\S+)", line)
        if found is None:
            process.kill()
            process.wait()
            raise RuntimeError("the stand-in provider did not start")
        return cls(found[1], process)

    @property
    def pid(self) -> int | None:
        """The process id, if this object started the process."""
        return None if self._process is None else self._process.pid

    def script(self, *rules: dict[str, Any], **settings: Any) -> None:
        """Replace the script: rules such as ``{"action": "status", "status": 429}``, and settings."""
        answer = self._http.post("/_control", json={"rules": list(rules), **settings})
        if answer.status_code != 200:
            raise ValueError(f"the script was refused: {answer.text}")

    def requests(self) -> list[dict[str, Any]]:
        """Return the recorded requests since the last reset, oldest first."""
        recorded: list[dict[str, Any]] = self._get("/_requests")["requests"]
        return recorded

    def prompts(self) -> list[str]:
        """Return the prompts of the recorded chat calls, in order of arrival."""
        return [seen["prompt"] for seen in self.requests() if seen["path"] == "/v1/chat/completions"]

    def summary(self) -> dict[str, Any]:
        """Return the counters: total, in_flight, most_in_flight, abandoned, by_status, kept."""
        return self._get("/_requests?summary=true")

    def wait_for(self, total: int, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Return once `total` requests have come since the last reset; raise TimeoutError otherwise."""
        end = time.monotonic() + seconds
        while (seen := self.summary()["total"]) < total:
            if time.monotonic() > end:
                raise TimeoutError(f"{seen} of {total} requests came in {seconds} s")
            time.sleep(0.02)

    def reset(self) -> None:
        """Forget the script and all records."""
        self._http.post("/_reset").raise_for_status()

    def stop(self) -> None:
        """Stop the process if this object started it; leave a provider that was already running alone."""
        self._http.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.get(path).raise_for_status().json()
        return answer
