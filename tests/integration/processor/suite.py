"""The processor and its workers as real processes, and a client that stands in for the gateway."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from smelt.processor.v1 import (
    job_settings_pb2,
    job_settings_pb2_grpc,
    jobs_pb2,
    jobs_pb2_grpc,
    templates_pb2,
    templates_pb2_grpc,
    usage_pb2,
    usage_pb2_grpc,
    variables_pb2,
    variables_pb2_grpc,
    webhooks_pb2_grpc,
)

from deploy.local.certificates import Certificates
from services.common.rpc import tls
from services.common.rpc.errors import error_from_rpc
from tests.integration.processor.stand_ins import StandIns
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.provider import Provider
from tests.support.stores import Database

ROOT = Path(__file__).resolve().parents[3]
State = jobs_pb2.Job.State
FINAL = (State.COMPLETED, State.FAILED, State.CANCELLED)


@dataclass
class Process:
    """One of our processes."""

    popen: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait(PATIENCE_SECONDS)

    def terminate(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(PATIENCE_SECONDS)


class Suite:
    """Starts and stops processes that share one database."""

    def __init__(
        self, certificates: Certificates, stand_ins: StandIns, provider: Provider, *, directory: Path
    ) -> None:
        self.certificates = certificates
        self.stand_ins = stand_ins
        self.provider = provider
        self.directory = directory
        self.address = f"127.0.0.1:{free_port()}"
        #: host:port of receivers that may be called even though they listen on loopback.
        self.webhooks = ""
        self.conninfo = ""
        self.settings: dict[str, str] = {}
        self.processes: list[Process] = []

    def use(self, database: Database, redis_url_file: Path) -> None:
        """Set where the stores are."""
        who = self.certificates.identity("processor")
        self.conninfo = database.conninfo
        self.settings = {
            "SMELT_DATABASE_URL_FILE": str(database.url_file),
            "SMELT_REDIS_URL_FILE": str(redis_url_file),
            "SMELT_TLS_CERT_FILE": str(who.cert_file),
            "SMELT_TLS_KEY_FILE": str(who.key_file),
            "SMELT_TLS_CA_FILE": str(who.ca_file),
            **{
                f"SMELT_{name.upper()}_ADDRESS": f"127.0.0.1:{port}"
                for name, port in self.stand_ins.ports.items()
            },
            "SMELT_PRIVATE_PROVIDERS": self.provider.address,
            "SMELT_PRIVATE_WEBHOOKS": self.webhooks,
            "SMELT_STALLED_SECONDS": "2",
            "SMELT_HEARTBEAT_SECONDS": "0.5",
            "SMELT_RATE_PATIENCE_SECONDS": "3",
        }

    def serve(self) -> Process:
        """Start the service; return when it is ready."""
        return self._start("serve", SMELT_LISTEN=self.address)

    def worker(self, **settings: str) -> Process:
        """Start a worker; return when it is ready."""
        return self._start("worker", **settings)

    def shifted_worker(self, seconds: float) -> Process:
        """Start a worker whose clock is this many seconds ahead; return when it is ready."""
        return self._start("worker", SHIFT_SECONDS=str(seconds))

    def _start(self, command: str, **settings: str) -> Process:
        port = free_port()
        log = self.directory / f"{command}-{len(self.processes)}.log"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SMELT_", "OPENAI_"))
        }
        environment |= self.settings | settings
        shifted = ["tests.support.shifted"] if "SHIFT_SECONDS" in settings else []
        environment |= {"SMELT_HEALTH_LISTEN": f"127.0.0.1:{port}", "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", *shifted, "services.processor", command],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process = Process(popen, log)
        self.processes.append(process)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _ready(port):
            if popen.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command} did not start: {log.read_text()[-3000:]}")
            time.sleep(0.05)
        return process

    def logs(self) -> str:
        """Return what all processes wrote."""
        return "".join(process.log.read_text(errors="replace") for process in self.processes)

    def stop(self) -> None:
        """Stop the processes that still run."""
        for process in self.processes:
            if process.popen.poll() is None:
                process.popen.terminate()
        for process in self.processes:
            try:
                process.popen.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=PATIENCE_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Person:
    """A person's calls, as the gateway forwards them."""

    def __init__(self, channel: grpc.aio.Channel, passport: str) -> None:
        self.jobs: Any = jobs_pb2_grpc.JobServiceStub(channel)
        self.settings: Any = job_settings_pb2_grpc.JobSettingsServiceStub(channel)
        self.templates: Any = templates_pb2_grpc.TemplateServiceStub(channel)
        self.variables: Any = variables_pb2_grpc.VariableServiceStub(channel)
        self.webhooks: Any = webhooks_pb2_grpc.WebhookServiceStub(channel)
        self.usage: Any = usage_pb2_grpc.UsageServiceStub(channel)
        self.metadata = (("x-smelt-passport", passport),)

    async def template(self, prompt: str, column: str = "Hook", **more: Any) -> str:
        """Store a template and return its name."""
        about = {"display_name": "Test", "category": "Tests", "prompt": prompt, "output_column": column}
        template = templates_pb2.Template(**about | more)
        request = templates_pb2.CreateTemplateRequest(template=template)
        made = await self.templates.CreateTemplate(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)
        name: str = made.name
        return name

    async def variable(self, key: str, value: str) -> str:
        """Store a custom variable and return its name."""
        request = variables_pb2.CreateVariableRequest(
            variable=variables_pb2.Variable(display_name=key, value=value)
        )
        made = await self.variables.CreateVariable(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)
        name: str = made.name
        return name

    async def test(self, file: str, *templates: str, **more: Any) -> Any:
        """Test templates on rows of a file."""
        request = templates_pb2.TestTemplateRequest(file=file, templates=templates, **more)
        return await self.templates.TestTemplate(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def start(self, file: str, *templates: str, key: str = "", **more: Any) -> Any:
        """Start a job and return it."""
        request = jobs_pb2.CreateJobRequest(file=file, templates=templates, **more)
        metadata = (*self.metadata, ("idempotency-key", key)) if key else self.metadata
        return await self.jobs.CreateJob(request, metadata=metadata, timeout=PATIENCE_SECONDS)

    async def job(self, name: str) -> Any:
        return await self.jobs.GetJob(
            jobs_pb2.GetJobRequest(name=name), metadata=self.metadata, timeout=PATIENCE_SECONDS
        )

    async def usual_calls(self, count: int) -> Any:
        """Set how many calls a job has in flight by default."""
        request = job_settings_pb2.UpdateJobSettingsRequest(parallel_calls=count)
        return await self.settings.UpdateJobSettings(
            request, metadata=self.metadata, timeout=PATIENCE_SECONDS
        )

    async def cancel(self, name: str) -> Any:
        return await self.jobs.CancelJob(
            jobs_pb2.CancelJobRequest(name=name), metadata=self.metadata, timeout=PATIENCE_SECONDS
        )

    async def delete(self, name: str) -> None:
        await self.jobs.DeleteJob(
            jobs_pb2.DeleteJobRequest(name=name), metadata=self.metadata, timeout=PATIENCE_SECONDS
        )

    async def used(self) -> Any:
        return await self.usage.GetUsage(
            usage_pb2.GetUsageRequest(), metadata=self.metadata, timeout=PATIENCE_SECONDS
        )

    async def pause(self, name: str) -> Any:
        request = jobs_pb2.PauseJobRequest(name=name)
        return await self.jobs.PauseJob(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def resume(self, name: str, **more: Any) -> Any:
        request = jobs_pb2.ResumeJobRequest(name=name, **more)
        return await self.jobs.ResumeJob(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def retry_failed(self, name: str, **more: Any) -> Any:
        request = jobs_pb2.RetryFailedRowsRequest(name=name, **more)
        return await self.jobs.RetryFailedRows(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def regenerate(self, name: str, row: int) -> Any:
        request = jobs_pb2.RegenerateRowRequest(name=name, row=row)
        return await self.jobs.RegenerateRow(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def restore(self, name: str, row: int, *, fixed: bool = False) -> Any:
        request = jobs_pb2.RestoreAnswersRequest(name=name, row=row, fixed=fixed)
        return await self.jobs.RestoreAnswers(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def estimate(self, file: str, *templates: str, **more: Any) -> Any:
        request = jobs_pb2.EstimateJobRequest(file=file, templates=templates, **more)
        return await self.jobs.EstimateJob(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def until(self, name: str, *states: int, seconds: float = PATIENCE_SECONDS) -> Any:
        """Return the job once it is in one of the states (by default a final one)."""
        deadline = time.monotonic() + seconds
        while True:
            job = await self.job(name)
            if job.state in (states or FINAL):
                return job
            assert time.monotonic() < deadline, f"still {State.Name(job.state)}: {job.request_counts}"
            await asyncio.sleep(0.05)

    async def rows(self, name: str, **more: Any) -> Any:
        request = jobs_pb2.ListJobRowsRequest(parent=name, **more)
        return await self.jobs.ListJobRows(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)

    async def download(self, name: str, **form: Any) -> tuple[dict[str, str], bytes]:
        """Return the headers and the bytes of the result."""
        request = jobs_pb2.DownloadResultsRequest(parent=name, **form)
        call = self.jobs.DownloadResults(request, metadata=self.metadata, timeout=PATIENCE_SECONDS)
        data = b"".join([piece.data async for piece in call])
        return dict(await call.initial_metadata()), data


async def refusal(call: Any) -> str:
    """Return the reason with which a call is refused."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error_from_rpc(error).reason
    raise AssertionError("the call was not refused")


@contextmanager
def redis_url(directory: Path, url: str) -> Iterator[Path]:
    path = directory / f"redis-{secrets.token_hex(4)}.url"
    path.write_text(url)
    yield path


def gateway_channel(certificates: Certificates, address: str) -> grpc.aio.Channel:
    """Return a channel with the gateway's certificate."""
    return tls.channel(peer(certificates, "gateway"), "processor", address)
