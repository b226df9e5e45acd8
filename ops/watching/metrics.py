"""Metrics of the backups: the follower's own, and what other commands wrote into the archive."""

import threading
import time
from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric

from ops.archive.copies import Copier
from ops.archive.objects import noted
from ops.archive.wal import Follower
from ops.errors import OpsError
from ops.stores.store import Store

#: What other commands did last: name in the archive, and the metric's.
DONE = {"full": "full", "backup": "increment", "verify": "verify", "drill": "drill"}
_ASK_SECONDS = 30.0


class Collector:
    """Reads the follower at each scrape; the archive at most every half minute, and never during a scrape."""

    def __init__(self, follower: Follower, store: Store) -> None:
        self._follower, self._store = follower, store
        self._times: dict[str, float] = {}

    def collect(self) -> Iterable[Metric]:
        """Yield all families."""
        seen = self._follower.seen
        now = time.time()
        lag = now - seen.covered.timestamp() if seen.covered else float("nan")
        yield _gauge("smelt_backup_receiving", "1 while log is received", seen.receiving)
        yield _gauge("smelt_backup_lag_seconds", "Age of the newest moment that can be restored", lag)
        yield _gauge(
            "smelt_backup_lag_bytes", "Log written by the cluster, not in the archive", seen.lag_bytes
        )
        yield _gauge(
            "smelt_backup_slot_retained_bytes", "Log that the server keeps for us", seen.slot_retained_bytes
        )
        yield _gauge("smelt_backup_spool_bytes", "Log that waits in the spool", seen.spool_bytes)
        done = GaugeMetricFamily(
            "smelt_backup_done_timestamp_seconds", "When this was done last, successfully", labels=["what"]
        )
        for what, at in self._times.items():
            done.add_metric([what], at)
        yield done

    def follow(self, stopping: threading.Event) -> None:
        """Ask the archive again and again, until stopped."""
        while True:
            for name, what in DONE.items():
                try:
                    told = noted(self._store, name)
                except OpsError:
                    continue  # What was known stays, and grows old.
                if told is not None:
                    self._times[what] = datetime.fromisoformat(told["time"]).timestamp()
            if stopping.wait(_ASK_SECONDS):
                return


def serve(address: str, follower: Follower, store: Store) -> None:
    """Answer at host:port, in threads of its own."""
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    collector = Collector(follower, store)
    registry.register(collector)
    threading.Thread(target=collector.follow, args=(follower.stopping,), daemon=True).start()
    start_http_server(int(port), addr=host.strip("[]"), registry=registry)


class CopyCollector:
    """Reads a copier at each scrape."""

    def __init__(self, copier: Copier) -> None:
        self._copier = copier

    def collect(self) -> Iterable[Metric]:
        """Yield the one family."""
        family = GaugeMetricFamily(
            "smelt_backup_copy_alike_timestamp_seconds",
            "When the vault's file and its copy in the archive were last alike",
            labels=["what"],
        )
        family.add_metric([self._copier.name], self._copier.alike)
        yield family


def serve_copy(address: str, copier: Copier) -> None:
    """Answer at host:port, in a thread of its own."""
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    registry.register(CopyCollector(copier))
    start_http_server(int(port), addr=host.strip("[]"), registry=registry)


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], float(value))
    return family
