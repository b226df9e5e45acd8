"""The parts of an unsealed vault, put together."""

from datetime import timedelta

from services.common import database, identity
from services.common.clock import DatabaseClock
from services.common.logs import log
from services.common.rpc import server
from services.common.rpc.pages import KnownPageKey
from services.common.servicers.privacy import PrivacyServicer
from services.common.servicers.suspension import SuspensionServicer
from services.common.tokens import Kind, StaticKeys, TokenVerifier
from services.vault.api_keys.api_keys import ApiKeys
from services.vault.api_keys.resealing import ProviderKeyBlobs
from services.vault.api_keys.store import ApiKeyStore
from services.vault.audit.chain import Chain
from services.vault.audit.checkpoints import Checkpoints
from services.vault.audit.keeper import AuditKeeper
from services.vault.audit.refusals import RefusalLimiter, Refusals
from services.vault.audit.statement_files import StatementFiles
from services.vault.audit.statements import Statements
from services.vault.audit.store.pages import AuditReader
from services.vault.audit.writer import AuditWriter
from services.vault.data_keys.data_keys import DataKeys
from services.vault.data_keys.webhook_secrets import WebhookSecrets
from services.vault.databases import Stores
from services.vault.erasure.parts import ErasureParts
from services.vault.grants.brake import Brake
from services.vault.grants.store.grants import GrantStore
from services.vault.grants.sweep import GrantSweep
from services.vault.keys.account_keys import AccountKeys
from services.vault.keys.grant_seal import GrantSeal
from services.vault.keys.keyring_watch import KeyringWatch
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import Unsealed
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.policy import POLICY
from services.vault.privacy.part import VaultPart
from services.vault.release.batch import ReleaseBatches, ReleaseRequest, Verdict
from services.vault.release.store.key_states import KeyStandings
from services.vault.root.key import RootProvider
from services.vault.rotation.accounts import AccountRotation
from services.vault.rotation.schedule import Rotations
from services.vault.rotation.store import wrapping
from services.vault.rotation.store.accounts import EpochStore
from services.vault.rotation.wrapping import Rotation
from services.vault.servicers.api_keys import ApiKeyDirectoryServicer, ApiKeyServicer
from services.vault.servicers.audit import AuditServicer
from services.vault.servicers.audit_operator import AuditOperatorServicer
from services.vault.servicers.data_keys import DataKeyServicer
from services.vault.servicers.erasure import ErasureLedgerServicer, ErasureServicer
from services.vault.servicers.operator import OpenVault, OperatorServicer
from services.vault.servicers.release import KeyReleaseServicer
from services.vault.servicers.signing import SigningServicer
from services.vault.servicers.webhooks import WebhookSecretServicer
from services.vault.settings import VaultSettings
from services.vault.signing import TokenSigner

_STANDING_SECONDS = 1.0


def epochs(settings: VaultSettings, stores: Stores) -> EpochStore:
    """Return the store of account keys' epochs."""
    return EpochStore(stores.keystore, timedelta(seconds=settings.vault_rotation_grace_seconds))


def assemble(
    settings: VaultSettings,
    opened: server.Opened,
    stores: Stores,
    keys: Unsealed,
    *,
    root: RootProvider,
    file: WrappingFile,
    clock: DatabaseClock,
) -> server.Parts:
    """Construct everything that needs the opened keys."""
    keystore = KeyStore(stores.keystore)
    watch = KeyringWatch(keys.keyring, keys.installation, keystore=keystore, provider=root, file=file)
    rotation = Rotation(
        lambda: wrapping.lock(stores.keystore_url), provider=root, file=file, catch_up=watch.catch_up
    )
    grant_seal = GrantSeal(keys.installation.id, keys.system_keys.grant_seal)
    signer = TokenSigner(keys.installation.id, keys.system_keys.signing)
    account_keys = AccountKeys(keys.keyring, keystore, watch.catch_up)
    rotations = Rotations(rotation, keystore=keystore, catch_up=watch.catch_up)
    chain = Chain(keys.installation.id, keys.system_keys.audit)
    standings = opened.keep(KeyStandings(stores.keystore_url, seconds=_STANDING_SECONDS))
    probe = opened.keep(KeyStandings(stores.keystore_url, seconds=_STANDING_SECONDS))
    limiter = RefusalLimiter()
    statements = Statements(keys.installation.id, keys.system_keys.checkpoints)
    statement_files = StatementFiles(settings.vault_ledger_dir, statements)
    checkpoints = opened.keep(
        Checkpoints(
            statement_files,
            records=settings.audit_checkpoint_records,
            seconds=settings.audit_checkpoint_seconds,
            now=clock.now,
        )
    )
    writer: AuditWriter[ReleaseRequest, Verdict] = AuditWriter(
        stores.database_url,
        settings.vault_slot,
        chain=chain,
        batches=ReleaseBatches(
            chain=chain,
            account_keys=account_keys,
            standings=standings,
            macs=keys.system_keys.macs,
            brake=Brake(
                settings.release_brake_grants, settings.release_brake_accounts, settings.release_brake_share
            ),
            limiter=limiter,
            now=clock.now,
        ),
        checkpoints=checkpoints,
        now=clock.now,
    )
    refusals = Refusals(limiter, writer.note)
    sessions = database.sessions(stores.database)
    grants = GrantStore(sessions)
    erasure = ErasureParts.over(
        settings,
        keys,
        keystore=stores.keystore,
        sessions=sessions,
        writer=writer,
        rotation=rotation,
        provider=root,
        now=clock.now,
    )
    verifier = TokenVerifier(
        StaticKeys(signer.verification_keys()),
        clock.seconds,
        not_before=lambda kind: erasure.restoration.grants_not_before() if kind is Kind.GRANT else 0.0,
    )
    reader = AuditReader(sessions)
    api_keys = ApiKeyStore(sessions)
    account_epochs = epochs(settings, stores)
    accounts = AccountRotation(
        account_epochs,
        ProviderKeyBlobs(api_keys, account_keys),
        keyring=keys.keyring,
        catch_up=watch.catch_up,
        audit=writer,
    )
    keeper = AuditKeeper(stores.database_url, chain, statement_files, clock.now)
    provider_keys = ApiKeys(
        rows=api_keys,
        generations=keystore,
        deletions=erasure.erasures,
        account_keys=account_keys,
        audit=writer,
        macs=keys.system_keys.macs,
        private=settings.private_providers,
        now=clock.now,
    )
    data_keys = DataKeys(account_keys=account_keys, revocations=grants, audit=writer, refusals=refusals)
    webhook_secrets = WebhookSecrets(account_keys=account_keys, audit=writer, refusals=refusals)
    log.info("vault.unsealed", root_key=keys.installation.root_key_id, slot=settings.vault_slot)
    return server.Parts(
        policy=POLICY,
        servicers=[
            ApiKeyServicer(provider_keys, reader),
            ApiKeyDirectoryServicer(provider_keys),
            KeyReleaseServicer(
                writer=writer,
                verifier=verifier,
                grants=grants,
                seal=grant_seal,
                refusals=refusals,
                now=clock.now,
            ),
            DataKeyServicer(data_keys, account_epochs),
            WebhookSecretServicer(webhook_secrets),
            ErasureServicer(erasure.erasures, erasure.services),
            PrivacyServicer(VaultPart(sessions, database.sessions(stores.keystore))),
            SuspensionServicer(provider_keys),
            SigningServicer(signer, keys.system_keys.macs, grant_seal, clock.now),
            AuditServicer(reader),
            ErasureLedgerServicer(erasure.erasures.ledger, erasure.restoration),
            AuditOperatorServicer(keeper),
            OperatorServicer(
                keystore,
                account_epochs,
                OpenVault(provider_keys, rotations, accounts, erasure.gate, erasure.services),
            ),
        ],
        verifier=verifier,
        may=erasure.gate.may,
        note=refusals.at_the_door,
        pages=KnownPageKey(keys.system_keys.macs.page_key(identity.VAULT)),
        ready_checks=[clock.learn, erasure.gate.ready, writer.check, probe.check],
        background=[
            writer.run,
            checkpoints.run,
            GrantSweep(grants).run,
            rotations.run,
            accounts.run,
            *erasure.background(),
        ],
    )
