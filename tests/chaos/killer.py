"""Kills processes of a running stack with SIGKILL, one after the other, and records when."""

import contextlib
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError

from deploy.local.pids import started
from tests.support.stack import Stack

#: In turn, so that even a short run kills each of them.
VICTIMS = (
    "worker-1", "vault", "files", "worker-2", "processor", "valkey",
    "postgres", "s3", "worker-1", "envoy", "auth", "keystore", "worker-2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kill:
    """One process that was killed; `moment` is a time of the machine's monotonic clock."""

    victim: str
    moment: float

    @property
    def of_worker(self) -> bool:
        return self.victim.startswith("worker")


@dataclass
class Killer:
    """Kills a process every `shortest` to `longest` seconds, in its own thread, inside `with`."""

    stack: Stack
    shortest_seconds: float
    longest_seconds: float
    dice: random.Random
    #: The number of kills after which it stops.
    most: int = 1_000_000
    kills: list[Kill] = field(default_factory=list)
    _next: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Killer":
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill nothing more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Return once `most` processes have been killed."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self.dice.uniform(self.shortest_seconds, self.longest_seconds)):
            if len(self.kills) >= self.most:
                return
            victim = VICTIMS[self._next % len(VICTIMS)]
            pid = self.stack.pids[victim]
            # A process that is still down from the last time is waited for.
            if started(pid) is not None:
                self._next += 1
                if victim == "valkey":
                    self._empty_valkey()
                os.kill(pid, signal.SIGKILL)
                self.kills.append(Kill(victim, time.monotonic()))

    def _empty_valkey(self) -> None:
        """Make Valkey come back empty: it holds only data that may vanish."""
        url = (self.stack.state_dir / "secrets" / "redis.url").read_text()
        with contextlib.suppress(RedisError), Redis.from_url(url, socket_timeout=1) as redis:
            redis.flushall()
