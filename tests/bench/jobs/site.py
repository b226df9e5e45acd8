"""What the parts share: a person with a key, the stand-in provider, and the CPU time of the processes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from tests.bench.figures import cpu_seconds
from tests.e2e.api import register, tls
from tests.support.proc import tree
from tests.support.provider import Provider
from tests.support.stack import Stack

FINISH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Ran:
    """A job from the request that starts it to the last byte of its result."""

    job: Mapping[str, Any]
    rows: int
    seconds: float
    #: CPU seconds of each process during the job.
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds

    def cpu_ms(self, *names: str) -> float:
        """CPU milliseconds per row of the named processes."""
        return 1000 * sum(self.cpu.get(name, 0.0) for name in names) / self.rows

    def parts(self) -> str:
        """Describe the CPU time of each process."""
        shares = {name: self.cpu_ms(name) for name in self.cpu}
        return ", ".join(f"{name} {ms:.2f}" for name, ms in shares.items() if ms >= 0.01)


class Site:
    """A stack with one person, and the provider that the person's key is for."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.provider = Provider(urlsplit(stack.provider_url).netloc)
        self._http = httpx2.Client(
            base_url=stack.gateway_url, verify=tls(stack), timeout=120, trust_env=False
        )
        self.person = register(self._http)
        self.person.add_key(self.provider.base_url)
        self._files: dict[int, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def file(self, rows: int) -> dict[str, Any]:
        """Return a file with this number of rows, uploaded once."""
        if rows not in self._files:
            lines = b"".join(b"%d\n" % number for number in range(rows))
            self._files[rows] = self.person.file(b"n\n" + lines, f"bench-{rows}.csv")
        return self._files[rows]

    def template(self, model: str = "gpt-4o-mini") -> dict[str, Any]:
        """Return a new template. Each model has its own pace."""
        return self.person.template("Write a hook for row {{n}}.", model=model)

    def run(
        self,
        rows: int,
        parallel: int,
        model: str = "gpt-4o-mini",
        *,
        failed: int = 0,
        seconds: float = FINISH_SECONDS,
    ) -> Ran:
        """Run a job of which some rows must fail, and download its result."""
        file, template = self.file(rows), self.template(model)
        before, started = self._cpu(), time.perf_counter()
        job = self.person.job(file, [template], parallel_calls=parallel)
        done = self.person.finished(job, seconds=seconds)
        data = self.person.results(job)
        took = time.perf_counter() - started
        assert done["request_counts"]["succeeded"] == rows - failed, done
        assert data.count(b"\n") >= rows + 1
        spent = {name: total - before.get(name, 0.0) for name, total in self._cpu().items()}
        return Ran(done, rows, took, spent)

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(tree(pid)) for name, pid in self.stack.pids.items() if name != "provider"}
