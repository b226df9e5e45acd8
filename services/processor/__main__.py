"""The processor's commands: `serve`, `migrate`, `worker`."""

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvloop
from smelt.privacy.v1 import privacy_pb2_grpc
from smelt.processor.v1 import (
    api_key_tests_pb2_grpc,
    job_settings_pb2_grpc,
    jobs_pb2_grpc,
    models_pb2_grpc,
    templates_pb2_grpc,
    usage_pb2_grpc,
    variables_pb2_grpc,
    webhooks_pb2_grpc,
)

from services.common import database, garbage, logs, tokens
from services.common.ids import new_id
from services.common.peers.auth import AuthSessions
from services.common.peers.vault import VaultAccountKeys, VaultKeys
from services.common.rewrap import Rewrapping
from services.common.rpc import server, tls
from services.common.rpc.health import Health, serve_probes
from services.common.rpc.open_streams import OpenStreams
from services.common.servicers.privacy import PrivacyServicer
from services.common.settings import DatabaseSettings, host_port, load, read_secret
from services.common.store import migrations
from services.processor.jobs.announcements import Announcements
from services.processor.jobs.control import JobControl
from services.processor.jobs.jobs import Jobs
from services.processor.jobs.settings import JobSettings, ParallelCalls
from services.processor.jobs.store.control import JobControlStore
from services.processor.jobs.store.jobs import JobStore
from services.processor.jobs.store.settings import JobSettingStore
from services.processor.jobs.watch import Watch
from services.processor.peers.auth import Auth
from services.processor.peers.files import Files
from services.processor.peers.key_releases import ReleaseClient
from services.processor.peers.vault import Vault, WebhookVault
from services.processor.policy import POLICY
from services.processor.privacy.part import ProcessorPart
from services.processor.privacy.store import OwnedJobStore
from services.processor.provider.addresses import Endpoints
from services.processor.provider.limiter import Limiter
from services.processor.provider.parks import Parks
from services.processor.provider.provider import Limits, Provider
from services.processor.provider.shared_paces import SharedPaces
from services.processor.results.assembly import Assembler
from services.processor.results.downloads import Downloads
from services.processor.results.pages import JobRows
from services.processor.results.store.assembly import AssemblyStore
from services.processor.results.store.rows import RowStore
from services.processor.rows.requests import RefusedParameters
from services.processor.rows.shards import Parts, ShardRuns
from services.processor.rows.store.answers import AnswerStore
from services.processor.rows.store.shards import ShardStore
from services.processor.servicers.api_key_tests import ApiKeyTestServicer
from services.processor.servicers.job_settings import JobSettingsServicer
from services.processor.servicers.jobs import JobServicer
from services.processor.servicers.models import ModelServicer
from services.processor.servicers.templates import TemplateServicer
from services.processor.servicers.usage import UsageServicer
from services.processor.servicers.variables import VariableServicer
from services.processor.servicers.webhooks import WebhookServicer
from services.processor.settings import ProcessorSettings, WorkerSettings
from services.processor.templates.store.templates import TemplateStore
from services.processor.templates.store.variables import VariableStore
from services.processor.templates.templates import Templates
from services.processor.templates.variables import Variables
from services.processor.trials.api_keys import KeyTests
from services.processor.trials.estimates import Estimates
from services.processor.trials.templates import Callers, TemplateTests
from services.processor.usage.meter import PLANS, UsageMeter
from services.processor.usage.store import UsageStore
from services.processor.valkey import connect
from services.processor.webhooks.deliveries import Deliveries
from services.processor.webhooks.post import WebhookPost
from services.processor.webhooks.sending import WebhookSending
from services.processor.webhooks.store.deliveries import DeliveryStore
from services.processor.webhooks.store.queue import WebhookQueue
from services.processor.webhooks.store.webhooks import WebhookStore
from services.processor.webhooks.webhooks import Webhooks
from services.processor.worker import Worker
from services.processor.wrapped_keys import WrappedKeyStore

MIGRATIONS = Path(__file__).parent / "migrations"
USAGE = "usage: python -m services.processor serve|migrate|worker"


async def serve(settings: ProcessorSettings) -> None:
    url = read_secret(settings.database_url_file)
    engine = database.engine(url)
    pool = database.raw_pool(url)
    await pool.open()
    sessions = database.sessions(engine)
    redis = connect(read_secret(settings.redis_url_file))
    announcements = Announcements(redis)
    auth = tls.channel(settings, "auth", settings.auth_address)
    vault = tls.channel(settings, "vault", settings.vault_address)
    files = tls.channel(settings, "files", settings.files_address)
    jobs, templates, rows = JobStore(sessions), TemplateStore(sessions), RowStore(pool)
    variables = VariableStore(sessions)
    now = partial(datetime.now, UTC)
    job_settings = JobSettings(
        JobSettingStore(sessions), ParallelCalls(settings.parallel_calls, settings.max_parallel_calls)
    )
    part = ProcessorPart(sessions, OwnedJobStore(sessions), rows, Vault(vault), announcements)
    keys, provider = ReleaseClient(vault), _provider(settings)
    limiter = Limiter(SharedPaces(redis), Parks(redis))
    meter = UsageMeter(UsageStore(pool), settings.plan, now=now)
    tests = TemplateTests(
        templates,
        variables,
        files=Files(files),
        vault=Vault(vault),
        auth=Auth(auth),
        callers=Callers(keys, provider, limiter, RefusedParameters(), meter),
    )
    await server.serve(
        settings,
        POLICY,
        servicers=[
            (privacy_pb2_grpc.add_PrivacyServiceServicer_to_server, PrivacyServicer(part)),
            (
                templates_pb2_grpc.add_TemplateServiceServicer_to_server,
                TemplateServicer(
                    Templates(templates, Files(files), variables=variables, new_id=new_id, now=now), tests
                ),
            ),
            (
                variables_pb2_grpc.add_VariableServiceServicer_to_server,
                VariableServicer(Variables(variables, new_id=new_id, now=now)),
            ),
            (
                webhooks_pb2_grpc.add_WebhookServiceServicer_to_server,
                WebhookServicer(
                    Webhooks(
                        WebhookStore(sessions),
                        WebhookVault(vault),
                        addresses=_webhook_endpoints(settings),
                        new_id=new_id,
                        now=now,
                    ),
                    Deliveries(DeliveryStore(pool), new_id=new_id, now=now),
                ),
            ),
            (usage_pb2_grpc.add_UsageServiceServicer_to_server, UsageServicer(meter)),
            (
                job_settings_pb2_grpc.add_JobSettingsServiceServicer_to_server,
                JobSettingsServicer(job_settings),
            ),
            (models_pb2_grpc.add_ModelServiceServicer_to_server, ModelServicer()),
            (
                api_key_tests_pb2_grpc.add_ApiKeyTestServiceServicer_to_server,
                ApiKeyTestServicer(
                    KeyTests(
                        Vault(vault),
                        Auth(auth),
                        keys=keys,
                        provider=provider,
                        seconds=settings.key_test_seconds,
                    )
                ),
            ),
            (
                jobs_pb2_grpc.add_JobServiceServicer_to_server,
                JobServicer(
                    Jobs(
                        jobs,
                        templates,
                        variables=variables,
                        files=Files(files),
                        vault=Vault(vault),
                        auth=Auth(auth),
                        changes=announcements,
                        usual=job_settings,
                        most_live=settings.max_live_jobs,
                        meter=meter,
                        new_id=new_id,
                        now=now,
                    ),
                    control=JobControl(
                        jobs,
                        JobControlStore(pool),
                        files=Files(files),
                        vault=Vault(vault),
                        auth=Auth(auth),
                        changes=announcements,
                        meter=meter,
                    ),
                    estimates=Estimates(templates, variables, files=Files(files), meter=meter),
                    watch=Watch(jobs, announcements),
                    rows=JobRows(jobs, rows, Vault(vault)),
                    downloads=Downloads(jobs, rows, files=Files(files), vault=Vault(vault), new_id=new_id),
                ),
            ),
        ],
        verifier=tokens.TokenVerifier(VaultKeys(vault)),
        ready_checks=[partial(database.ping, engine)],
        background=[announcements.follow, Rewrapping(VaultAccountKeys(vault), WrappedKeyStore(sessions)).run],
        streams=OpenStreams(AuthSessions(auth)),
        on_stop=[
            keys.close,
            provider.close,
            limiter.close,
            auth.close,
            vault.close,
            files.close,
            redis.aclose,
            pool.close,
            engine.dispose,
        ],
    )


async def work(settings: WorkerSettings) -> None:
    url = read_secret(settings.database_url_file)
    engine = database.engine(url, pool_size=1)
    # Commits of shards are short; the queue's own statements come beside them.
    pool = database.raw_pool(url, low=2, high=12)
    await pool.open()
    redis = connect(read_secret(settings.redis_url_file))
    announcements, parks = Announcements(redis), Parks(redis)
    limiter = Limiter(SharedPaces(redis), parks)
    vault = tls.channel(settings, "vault", settings.vault_address)
    files = tls.channel(settings, "files", settings.files_address)
    keys, provider = ReleaseClient(vault), _provider(settings)
    shards = ShardStore(pool)
    runs = ShardRuns(
        Parts(
            store=shards,
            files=Files(files),
            vault=Vault(vault),
            keys=keys,
            provider=provider,
            parks=parks,
            limiter=limiter,
            answers=AnswerStore(pool),
            refused=RefusedParameters(),
            usage=UsageStore(pool),
            usage_limit=PLANS[settings.plan],
            announcements=announcements,
            rate_patience_seconds=settings.rate_patience_seconds,
        ),
        places=settings.worker_shards,
    )
    assembler = Assembler(
        AssemblyStore(pool),
        shards,
        results=RowStore(pool),
        files=Files(files),
        vault=Vault(vault),
        announcements=announcements,
    )
    post = WebhookPost(_webhook_endpoints(settings))
    sending = WebhookSending(WebhookQueue(pool), WebhookVault(vault), post)
    health = Health([partial(database.ping, engine)])
    probes = await serve_probes(health, *host_port(settings.health_listen))
    stop = asyncio.Event()
    running = (health.watch(), parks.follow(), sending.run(), _signalled(stop))
    beside = [asyncio.ensure_future(each) for each in running]
    try:
        await Worker(settings, pool, shards=runs, assembler=assembler).run(stop)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await keys.close()
        await provider.close()
        await limiter.close()
        await post.close()
        for close in (vault.close, files.close, redis.aclose, pool.close, engine.dispose, probes.cleanup):
            await close()


def _provider(settings: ProcessorSettings) -> Provider:
    return Provider(
        Endpoints(settings.private_providers.split(",")),
        Limits(
            connect_seconds=settings.provider_connect_seconds,
            total_seconds=settings.provider_total_seconds,
            answer_bytes=settings.max_answer_bytes,
        ),
    )


def _webhook_endpoints(settings: ProcessorSettings) -> Endpoints:
    return Endpoints(settings.private_webhooks.split(","))


async def _signalled(stop: asyncio.Event) -> None:
    await server.until_signalled()
    stop.set()


def main(arguments: list[str]) -> int:
    if arguments == ["migrate"]:
        migrations.upgrade(MIGRATIONS, read_secret(load(DatabaseSettings).database_url_file))
    elif arguments == ["serve"]:
        settings = load(ProcessorSettings)
        logs.configure("processor", settings.log_level)
        asyncio.run(serve(settings))
    elif arguments == ["worker"]:
        worker_settings = load(WorkerSettings)
        logs.configure("worker", worker_settings.log_level)
        uvloop.run(work(worker_settings))
    else:
        print(USAGE, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    garbage.leave_imports_alone()
    sys.exit(main(sys.argv[1:]))
