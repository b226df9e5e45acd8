"""The settings of the processor and its workers, read from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from services.common.settings import ServiceSettings

#: The vault pays for at most this many calls of one job in flight (`services/vault/grants/rules.py`).
MOST_IN_FLIGHT = 1000


class ProcessorSettings(ServiceSettings):
    """Settings of `serve`, `migrate` and `worker`."""

    auth_address: str
    vault_address: str
    files_address: str
    redis_url_file: Path

    #: Comma-separated `host:port` list: providers that are allowed even if private or plain http.
    private_providers: str = ""
    #: Comma-separated `host:port` list: webhooks that are allowed even if private or plain http.
    private_webhooks: str = ""
    #: Provider calls in flight per job: the default, and the most that a job may ask for. A low default makes
    #: jobs slow; a high one lets a single job fill the workers' places.
    parallel_calls: int = Field(default=5, ge=1, le=MOST_IN_FLIGHT)
    max_parallel_calls: int = Field(default=1000, ge=1, le=MOST_IN_FLIGHT)
    #: How many jobs of an account may be unfinished. More are refused, which bounds the queue. Too low
    #: refuses people who start many small jobs; too high lets one account fill the queue's tables.
    max_live_jobs: int = Field(default=1000, ge=1)
    #: How many jobs of an account are stored, ended ones included; their owner deletes them. Too low, and
    #: people delete results that they need; too high lets one account fill the database with results.
    max_jobs: int = Field(default=10_000, ge=1)
    #: How many templates an account may have. Each has up to 200 kB; too low gets in the way of people.
    max_templates: int = Field(default=1000, ge=1)
    #: The plan of every account, which says how much it may use in a month.
    plan: Literal["free", "starter", "growth", "scale", "unlimited"] = "unlimited"
    provider_connect_seconds: float = Field(default=10.0, gt=0)
    provider_total_seconds: float = Field(default=60.0, gt=0)
    max_answer_bytes: int = Field(default=1024 * 1024, ge=1024)
    #: How long a provider may take when an API key without a timeout of its own is tested. Too short reports
    #: slow providers as unreachable; longer keeps people waiting for one that is away.
    key_test_seconds: float = Field(default=8.0, gt=0, le=10)


class WorkerSettings(ProcessorSettings):
    """The settings of a worker: those of the processor, and its own."""

    #: How many shards one worker runs at once; each has at most 100 calls in flight. Fewer leave a worker
    #: idle while calls are slow; more take memory, and make calls wait for the processor.
    worker_shards: int = Field(default=16, ge=1, le=200)
    #: How long a worker may be silent before its shards are given to others. Too short, and a busy worker
    #: loses shards whose calls are then paid for twice; too long delays the takeover after a crash.
    #: Heartbeats must be several times more frequent.
    stalled_seconds: float = Field(default=10.0, ge=1)
    heartbeat_seconds: float = Field(default=1.5, gt=0)
    #: A job pauses after its provider has answered with nothing but rate-limit refusals for this long.
    rate_patience_seconds: float = Field(default=300.0, gt=0)
    outage_patience_seconds: float = Field(default=600.0, gt=0)
    #: A job that was paused because its provider is away tries it again at once, then after this time, and
    #: after twice as long each time, half an hour at most. Shorter asks a provider in trouble more often;
    #: longer delays jobs.
    outage_probe_seconds: float = Field(default=30.0, gt=0)
    #: How soon after it was sent a batch is looked at; later looks come after a tenth of its age, at most
    #: half an hour apart. Shorter costs releases of the API key, of which there are 120 for a batch.
    batch_poll_seconds: float = Field(default=60.0, gt=0, le=1800)
    #: How long calls in flight may take to finish after a stop signal. Too short drops calls that are paid
    #: for; longer than the supervisor waits gets the worker killed, which drops them as well.
    drain_seconds: float = Field(default=8.0, ge=0)
