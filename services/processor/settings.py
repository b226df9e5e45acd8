"""What the processor and its workers are told by the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from services.common.settings import ServiceSettings


class ProcessorSettings(ServiceSettings):
    """Settings of `serve`, `migrate` and `worker`."""

    auth_address: str
    vault_address: str
    files_address: str
    redis_url_file: Path

    #: `host:port` list, comma separated: providers that are allowed although private or plain http.
    private_providers: str = ""
    #: `host:port` list, comma separated: webhooks that are allowed although private or plain http.
    private_webhooks: str = ""
    #: Provider calls in flight of a job that does not say, and of any job at most.
    parallel_calls: int = Field(default=5, ge=1)
    max_parallel_calls: int = Field(default=1000, ge=1)
    #: Jobs of an account that have not ended; more are refused, so that the queue has a bound.
    max_live_jobs: int = Field(default=1000, ge=1)
    #: What every account may use in a month, by the name of the plan.
    plan: Literal["free", "starter", "growth", "scale", "unlimited"] = "unlimited"
    provider_connect_seconds: float = Field(default=10.0, gt=0)
    provider_total_seconds: float = Field(default=60.0, gt=0)
    max_answer_bytes: int = Field(default=1024 * 1024, ge=1024)
    #: How long a provider may take when a key is tried; the edge gives the whole request 15 seconds.
    key_test_seconds: float = Field(default=8.0, gt=0, le=10)


class WorkerSettings(ProcessorSettings):
    """Settings of a worker beside those."""

    #: Shards that one worker runs at once; each has at most 100 calls in flight.
    worker_shards: int = Field(default=16, ge=1, le=200)
    #: How long a worker may be silent before its shards are given to others.
    stalled_seconds: float = Field(default=10.0, ge=1)
    heartbeat_seconds: float = Field(default=1.5, gt=0)
    #: A job pauses when its provider has answered with nothing but refusals for rate for so long.
    rate_patience_seconds: float = Field(default=300.0, gt=0)
    #: How long calls in flight may take to finish after a stop signal; what is left is given back.
    drain_seconds: float = Field(default=8.0, ge=0)
