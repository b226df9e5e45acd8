"""A worker as a process: builds its parts."""

import asyncio
from functools import partial

from services.common import database
from services.common.beside import beside
from services.common.clock import DatabaseClock
from services.common.rpc import server, tls
from services.common.rpc.health import Health, serve_probes
from services.common.settings import host_port, read_secret
from services.common.watchdog import Watchdog
from services.processor.economy.course import Courses
from services.processor.economy.ending import BatchEndings
from services.processor.economy.parts import CourseParts
from services.processor.economy.store.batches import BatchStore
from services.processor.economy.store.ended import EndedBatchStore
from services.processor.economy.trouble import Trouble, again_seconds
from services.processor.jobs.announcements import Announcements
from services.processor.jobs.store.control import JobControlStore
from services.processor.jobs.store.probes import ProbeStore
from services.processor.jobs.store.stuck import StuckJobStore
from services.processor.opened_grants import OpenedGrants
from services.processor.outgoing import batches_of, provider_of, webhook_endpoints
from services.processor.peers.files import Files
from services.processor.peers.key_releases import ReleaseClient
from services.processor.peers.vault import Vault, WebhookVault
from services.processor.provider.limiter import Limiter
from services.processor.provider.outages import Outages
from services.processor.provider.parks import Parks
from services.processor.provider.refused_parts import RefusedParts
from services.processor.provider.shared_paces import SharedPaces
from services.processor.results.assembly import Assembler
from services.processor.results.store.assembly import AssemblyStore
from services.processor.results.store.rows import RowStore
from services.processor.rows.probes import Probes
from services.processor.rows.shards import Parts, ShardRuns
from services.processor.rows.store.answers import AnswerStore
from services.processor.rows.store.shards import ShardStore
from services.processor.rows.stuck import StuckJobs
from services.processor.settings import WorkerSettings
from services.processor.usage.meter import PLANS
from services.processor.usage.store import UsageStore
from services.processor.valkey import connect
from services.processor.webhooks.post import WebhookPost
from services.processor.webhooks.sending import WebhookSending
from services.processor.webhooks.store.queue import WebhookQueue
from services.processor.worker import Worker


async def work(settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT; then finish what is in flight or give it back."""
    async with server.Opened() as opened:
        await _work(settings, opened)


async def _work(settings: WorkerSettings, opened: server.Opened) -> None:
    url = read_secret(settings.database_url_file)
    engine = opened.keep(database.engine(url, pool_size=1), "dispose")
    clock = DatabaseClock(partial(database.time_of, engine))
    await clock.learn_if_possible()
    # Few connections are enough: commits of shards are short. The queue's own statements need some as well.
    pool = opened.keep(database.raw_pool(url, low=2, high=12))
    await pool.open()
    redis = opened.keep(connect(read_secret(settings.redis_url_file)), "aclose")
    announcements, parks, refused = Announcements(redis), Parks(redis), RefusedParts(redis)
    limiter = opened.keep(Limiter(SharedPaces(redis), parks))
    vault = opened.keep(tls.channel(settings, "vault", settings.vault_address))
    files = opened.keep(tls.channel(settings, "files", settings.files_address))
    keys, provider = opened.keep(ReleaseClient(vault)), opened.keep(provider_of(settings))
    shards, grants = ShardStore(pool), OpenedGrants(Vault(vault))
    batches, soon = opened.keep(batches_of(settings)), settings.batch_poll_seconds
    courses = Courses(
        CourseParts(
            store=BatchStore(pool),
            files=Files(files),
            keys=keys,
            batches=batches,
            refused=refused,
            trouble=Trouble(
                again_seconds=again_seconds(soon), patience_seconds=settings.outage_patience_seconds
            ),
            announce=announcements.announce,
            usage=UsageStore(pool),
            usage_limit=PLANS[settings.plan],
            now=clock.now,
            first_poll_seconds=soon,
        )
    )
    endings = BatchEndings(
        EndedBatchStore(pool),
        grants=grants,
        keys=keys,
        batches=batches,
        vault=Vault(vault),
        again_seconds=again_seconds(soon),
    )
    runs = ShardRuns(
        Parts(
            store=shards,
            files=Files(files),
            vault=Vault(vault),
            grants=grants,
            keys=keys,
            provider=provider,
            parks=parks,
            limiter=limiter,
            answers=AnswerStore(pool),
            refused=refused,
            usage=UsageStore(pool),
            usage_limit=PLANS[settings.plan],
            now=clock.now,
            announcements=announcements,
            rate_patience_seconds=settings.rate_patience_seconds,
            outages=Outages(),
            outage_patience_seconds=settings.outage_patience_seconds,
            economy=courses,
        ),
        places=settings.worker_shards,
    )
    assembler = Assembler(
        AssemblyStore(pool),
        shards,
        results=RowStore(pool),
        files=Files(files),
        vault=Vault(vault),
        grants=grants,
        announcements=announcements,
        patience_seconds=settings.outage_patience_seconds,
    )
    post = opened.keep(WebhookPost(webhook_endpoints(settings)))
    sending = WebhookSending(WebhookQueue(pool), WebhookVault(vault), grants, post, clock.seconds)
    health = Health([clock.learn])
    probes = await serve_probes(health, *host_port(settings.health_listen))
    opened.push_async_callback(probes.cleanup)
    stop = asyncio.Event()
    watchdog = Watchdog(settings.loop_watch_seconds)
    control = JobControlStore(pool)
    stuck = StuckJobs(
        StuckJobStore(pool),
        control,
        jobs=shards,
        files=Files(files),
        grants=grants,
        announcements=announcements,
    )
    probes_of_providers = Probes(
        ProbeStore(pool, first_gap=settings.outage_probe_seconds),
        control,
        vault=Vault(vault),
        grants=grants,
        provider=provider,
        files=Files(files),
        announcements=announcements,
    )
    followed = (parks.follow(), refused.follow(), probes_of_providers.run(), stuck.run())
    running = (health.watch(), watchdog.run(), *followed, sending.run(), _signalled(stop))
    async with beside(running, stop):
        await Worker(settings, pool, clock, shards=runs, assembler=assembler, endings=endings).run(stop)


async def _signalled(stop: asyncio.Event) -> None:
    await server.until_signalled()
    stop.set()
