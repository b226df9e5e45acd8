"""The processor as a server: builds its parts."""

from functools import partial

from services.common import database, tokens
from services.common.clock import DatabaseClock
from services.common.ids import new_id
from services.common.peers.auth import AuthSessions
from services.common.peers.vault import VaultAccountKeys, VaultKeys, VaultPageKey
from services.common.rewrap import Rewrapping
from services.common.rpc import server, tls
from services.common.rpc.open_streams import OpenStreams
from services.common.servicers.privacy import PrivacyServicer
from services.common.servicers.suspension import SuspensionServicer
from services.common.settings import read_secret
from services.processor.jobs.announcements import Announcements
from services.processor.jobs.control import JobControl
from services.processor.jobs.jobs import Jobs
from services.processor.jobs.new_job import MostJobs
from services.processor.jobs.settings import JobSettings, ParallelCalls
from services.processor.jobs.store.control import JobControlStore
from services.processor.jobs.store.figures import Figures
from services.processor.jobs.store.jobs import JobStore
from services.processor.jobs.store.settings import JobSettingStore
from services.processor.jobs.watch import Watch
from services.processor.outgoing import provider_of, webhook_endpoints
from services.processor.peers.auth import Auth
from services.processor.peers.files import Files
from services.processor.peers.key_releases import ReleaseClient
from services.processor.peers.vault import Vault, WebhookVault
from services.processor.policy import POLICY
from services.processor.privacy.part import ProcessorPart
from services.processor.privacy.store import AccountJobStore
from services.processor.provider.limiter import Limiter
from services.processor.provider.official import OfficialClient
from services.processor.provider.parks import Parks
from services.processor.provider.refused_parts import RefusedParts
from services.processor.provider.shared_paces import SharedPaces
from services.processor.results.changes import RowChanges
from services.processor.results.downloads import Downloads
from services.processor.results.edits import RowEdits
from services.processor.results.pages import JobRows
from services.processor.results.raw_answers import RawAnswers
from services.processor.results.store.rows import RowStore
from services.processor.results.tallies import Tallies
from services.processor.servicers.api_key_tests import ApiKeyTestServicer
from services.processor.servicers.job_settings import JobSettingsServicer
from services.processor.servicers.jobs import JobServicer
from services.processor.servicers.models import ModelServicer
from services.processor.servicers.templates import TemplateServicer
from services.processor.servicers.usage import UsageServicer
from services.processor.servicers.variables import VariableServicer
from services.processor.servicers.webhooks import WebhookServicer
from services.processor.settings import ProcessorSettings
from services.processor.suspension.store import AccountSuspensionStore
from services.processor.suspension.suspension import AccountSuspension
from services.processor.templates.store.templates import TemplateStore
from services.processor.templates.store.variables import VariableStore
from services.processor.templates.templates import Templates
from services.processor.templates.variables import Variables
from services.processor.trials.api_keys import KeyTests
from services.processor.trials.estimates import Estimates
from services.processor.trials.model_calls import ModelCalls
from services.processor.trials.template_calls import Callers
from services.processor.trials.templates import TemplateTests
from services.processor.usage.meter import UsageMeter
from services.processor.usage.store import UsageStore
from services.processor.valkey import connect
from services.processor.webhooks.deliveries import Deliveries
from services.processor.webhooks.grants import WebhookGrants
from services.processor.webhooks.store.deliveries import DeliveryStore
from services.processor.webhooks.store.grants import WebhookGrantStore
from services.processor.webhooks.store.webhooks import WebhookStore
from services.processor.webhooks.webhooks import Webhooks
from services.processor.wrapped_keys import WrappedKeyStore


async def assemble(settings: ProcessorSettings, opened: server.Opened) -> server.Parts:
    """Build the server's parts from the settings."""
    url = read_secret(settings.database_url_file)
    engine = opened.keep(database.engine(url), "dispose")
    pool = opened.keep(database.raw_pool(url))
    await pool.open()
    sessions = database.sessions(engine)
    redis = opened.keep(connect(read_secret(settings.redis_url_file)), "aclose")
    announcements = Announcements(redis)
    auth = opened.keep(tls.channel(settings, "auth", settings.auth_address))
    vault = opened.keep(tls.channel(settings, "vault", settings.vault_address))
    files = opened.keep(tls.channel(settings, "files", settings.files_address))
    jobs, templates, rows = JobStore(sessions), TemplateStore(sessions), RowStore(pool)
    variables = VariableStore(sessions)
    clock = DatabaseClock(partial(database.time_of, engine))
    await clock.learn_if_possible()
    now = clock.now
    to_auth, to_vault, to_files = Auth(auth), Vault(vault), Files(files)
    changes = RowChanges(jobs, rows, to_vault)
    job_settings = JobSettings(
        JobSettingStore(sessions), ParallelCalls(settings.parallel_calls, settings.max_parallel_calls)
    )
    part = ProcessorPart(sessions, AccountJobStore(sessions), rows, to_vault, announcements)
    webhook_grants = WebhookGrants(WebhookGrantStore(sessions), to_auth)
    keys, provider = opened.keep(ReleaseClient(vault)), opened.keep(provider_of(settings, OfficialClient))
    limiter = opened.keep(Limiter(SharedPaces(redis), Parks(redis)))
    refused = RefusedParts(redis)
    meter = UsageMeter(UsageStore(pool), settings.plan, now=now)
    tests = TemplateTests(
        templates,
        variables,
        files=to_files,
        vault=to_vault,
        auth=to_auth,
        callers=Callers(keys, provider, limiter, refused, meter),
    )
    webhooks = Webhooks(
        WebhookStore(sessions),
        WebhookVault(vault),
        grants=webhook_grants,
        addresses=webhook_endpoints(settings),
        new_id=new_id,
        now=now,
    )
    key_tests = KeyTests(
        to_vault,
        to_auth,
        templates=templates,
        calls=ModelCalls(keys, provider, refused, settings.key_test_seconds),
    )
    watch = Watch(jobs, announcements)
    job_service = JobServicer(
        Jobs(
            jobs,
            templates,
            variables=variables,
            files=to_files,
            vault=to_vault,
            auth=to_auth,
            webhook_grants=webhook_grants,
            changes=announcements,
            usual=job_settings,
            most=MostJobs(live=settings.max_live_jobs, stored=settings.max_jobs),
            meter=meter,
            new_id=new_id,
            now=now,
        ),
        control=JobControl(
            jobs,
            JobControlStore(pool),
            files=to_files,
            vault=to_vault,
            auth=to_auth,
            webhook_grants=webhook_grants,
            changes=announcements,
            meter=meter,
        ),
        estimates=Estimates(templates, variables, files=to_files, meter=meter),
        watch=watch,
        rows=JobRows(jobs, rows, vault=to_vault, files=to_files),
        tallies=Tallies(rows),
        raw_answers=RawAnswers(changes),
        edits=RowEdits(changes),
        downloads=Downloads(jobs, rows, files=to_files, vault=to_vault, new_id=new_id),
        now=now,
    )
    return server.Parts(
        policy=POLICY,
        leaving=[watch.leave],
        servicers=[
            PrivacyServicer(part),
            SuspensionServicer(AccountSuspension(AccountSuspensionStore(sessions), announcements)),
            TemplateServicer(
                Templates(
                    templates,
                    to_files,
                    variables=variables,
                    most=settings.max_templates,
                    new_id=new_id,
                    now=now,
                ),
                tests,
            ),
            VariableServicer(Variables(variables, new_id=new_id, now=now)),
            WebhookServicer(
                webhooks,
                Deliveries(DeliveryStore(pool), grants=webhook_grants, new_id=new_id, now=now),
            ),
            UsageServicer(meter),
            JobSettingsServicer(job_settings),
            ModelServicer(),
            ApiKeyTestServicer(key_tests),
            job_service,
        ],
        verifier=tokens.TokenVerifier(VaultKeys(vault), clock.seconds),
        pages=VaultPageKey(vault),
        ready_checks=[clock.learn],
        background=[
            announcements.follow,
            Rewrapping(VaultAccountKeys(vault), WrappedKeyStore(sessions)).run,
            Figures(pool).run,
        ],
        streams=OpenStreams(AuthSessions(auth)),
    )
