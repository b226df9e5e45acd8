"""The vault as a server: its parts put together, unsealed or sealed."""

import asyncio
from datetime import UTC, datetime, timedelta

from smelt.privacy.v1 import privacy_pb2_grpc
from smelt.vault.v1 import (
    api_keys_pb2_grpc,
    audit_pb2_grpc,
    data_keys_pb2_grpc,
    erasure_pb2_grpc,
    operator_pb2_grpc,
    release_pb2_grpc,
    signing_pb2_grpc,
    webhooks_pb2_grpc,
)
from sqlalchemy.exc import SQLAlchemyError

from services.common import database
from services.common.database import when_there
from services.common.errors import DomainError
from services.common.logs import describe, log
from services.common.rpc import server
from services.common.servicers.privacy import PrivacyServicer
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from services.vault.api_keys.api_keys import ApiKeys
from services.vault.api_keys.resealing import ProviderKeyBlobs
from services.vault.api_keys.store import ApiKeyStore
from services.vault.audit.chain import Chain
from services.vault.audit.checkpoints import Checkpoints
from services.vault.audit.keeper import AuditKeeper
from services.vault.audit.refusals import Recording, Refusals
from services.vault.audit.statement_files import StatementFiles
from services.vault.audit.statements import Statements
from services.vault.audit.store.pages import AuditReader
from services.vault.audit.writer import AuditWriter
from services.vault.data_keys.data_keys import DataKeys
from services.vault.data_keys.webhook_secrets import WebhookSecrets
from services.vault.databases import Stores
from services.vault.erasure.parts import Erasing
from services.vault.grants.brake import Brake
from services.vault.grants.store.grants import GrantStore
from services.vault.keys.account_keys import AccountKeys
from services.vault.keys.keyring import CannotUnseal
from services.vault.keys.keyring_watch import KeyringWatch
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import Unsealed, unseal
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.policy import POLICY, SEALED_POLICY
from services.vault.privacy.part import VaultPart
from services.vault.release.batch import Ask, ReleaseBatches, Verdict
from services.vault.release.store.key_states import KeyStandings
from services.vault.root.key import RootProvider
from services.vault.root.providers import chosen
from services.vault.root.store import Escrows
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
from services.vault.servicers.operator import Operated, OperatorServicer
from services.vault.servicers.release import KeyReleaseServicer
from services.vault.servicers.sealed import refuse_readiness, sealed
from services.vault.servicers.signing import SigningServicer
from services.vault.servicers.webhooks import WebhookSecretServicer
from services.vault.settings import VaultSettings
from services.vault.signing import TokenSigner

_STANDING_SECONDS = 1.0
_SWEEP_SECONDS = 600.0
_KEYS = "smelt.vault.v1.ApiKeyService"
_DIRECTORY = "smelt.vault.v1.ApiKeyDirectoryService"
_RELEASE = "smelt.vault.v1.KeyReleaseService"
_DATA = "smelt.vault.v1.DataKeyService"
_WEBHOOKS = "smelt.vault.v1.WebhookSecretService"
_SIGNING = "smelt.vault.v1.SigningService"
_ERASURE = "smelt.vault.v1.ErasureService"
_LEDGER = "smelt.vault.v1.ErasureLedgerService"
_AUDIT = "smelt.vault.v1.AuditService"
_PRIVACY = "smelt.privacy.v1.PrivacyService"
_AUDIT_OPERATOR = "smelt.vault.v1.AuditOperatorService"
_ADD = {
    _KEYS: api_keys_pb2_grpc.add_ApiKeyServiceServicer_to_server,
    _DIRECTORY: api_keys_pb2_grpc.add_ApiKeyDirectoryServiceServicer_to_server,
    _RELEASE: release_pb2_grpc.add_KeyReleaseServiceServicer_to_server,
    _DATA: data_keys_pb2_grpc.add_DataKeyServiceServicer_to_server,
    _WEBHOOKS: webhooks_pb2_grpc.add_WebhookSecretServiceServicer_to_server,
    _SIGNING: signing_pb2_grpc.add_SigningServiceServicer_to_server,
    _ERASURE: erasure_pb2_grpc.add_ErasureServiceServicer_to_server,
    _LEDGER: erasure_pb2_grpc.add_ErasureLedgerServiceServicer_to_server,
    _AUDIT: audit_pb2_grpc.add_AuditServiceServicer_to_server,
    _PRIVACY: privacy_pb2_grpc.add_PrivacyServiceServicer_to_server,
    _AUDIT_OPERATOR: audit_pb2_grpc.add_AuditOperatorServiceServicer_to_server,
}
_ADD_OPERATOR = operator_pb2_grpc.add_OperatorServiceServicer_to_server


async def serve(settings: VaultSettings, stores: Stores) -> None:
    """Serve until signalled: everything with the right root key, refusals without it."""
    keystore = KeyStore(stores.keystore)
    root = chosen(settings)
    file = WrappingFile(settings.vault_wrapping_key_file)
    try:
        opened = await when_there(lambda: unseal(keystore, root, file))
        await _check_escrow(settings, Escrows(stores.keystore), opened)
    except CannotUnseal as error:
        await _serve_sealed(settings, stores, keystore, str(error))
    else:
        watch = KeyringWatch(opened.keyring, opened.installation, named=keystore, provider=root, file=file)
        rotation = Rotation(
            lambda: wrapping.hold(stores.keystore_url),
            provider=root,
            file=file,
            catch_up=watch.catch_up,
        )
        await _serve_unsealed(
            settings, stores, keystore, opened, watch=watch, rotation=rotation, provider=root
        )


async def _check_escrow(settings: VaultSettings, escrows: Escrows, opened: Unsealed) -> None:
    """Raise CannotUnseal in production as long as nobody has written a root key down.

    One that has come by rotation only makes the log warn: a restart must not become an outage.
    """
    named = opened.installation.root_key_id
    if settings.environment != "production" or await escrows.time_of(named):
        return
    if not await escrows.any():
        opened.keyring.wipe()
        raise CannotUnseal(
            "nobody has written the root key down: run `python -m services.vault escrow`, then"
            " `escrow confirm`, and start again"
        )
    log.warning("vault.escrow_missing", root_key=named)


def _epochs(settings: VaultSettings, stores: Stores) -> EpochStore:
    return EpochStore(stores.keystore, timedelta(seconds=settings.vault_rotation_grace_seconds))


async def _serve_sealed(settings: VaultSettings, stores: Stores, keystore: KeyStore, why: str) -> None:
    installation = await keystore.installation()
    log.error("vault.sealed", wanted_root_key=installation.root_key_id if installation else None, why=why)
    await server.serve(
        settings,
        SEALED_POLICY,
        servicers=[
            *(sealed(service, add) for service, add in _ADD.items()),
            (_ADD_OPERATOR, OperatorServicer(keystore, _epochs(settings, stores), None, why)),
        ],
        verifier=TokenVerifier(StaticKeys(KeySet(issuer=""))),
        ready_checks=[refuse_readiness],
        on_stop=[stores.close],
    )


async def _serve_unsealed(
    settings: VaultSettings,
    stores: Stores,
    keystore: KeyStore,
    opened: Unsealed,
    *,
    watch: KeyringWatch,
    rotation: Rotation,
    provider: RootProvider,
) -> None:
    signer = TokenSigner(opened.installation.id, opened.system_keys.signing)
    verifier = TokenVerifier(StaticKeys(signer.verification_keys()))
    account_keys = AccountKeys(opened.keyring, keystore, watch.catch_up)
    rotations = Rotations(rotation, named=keystore, catch_up=watch.catch_up)
    chain = Chain(opened.installation.id, opened.system_keys.audit)
    standings = KeyStandings(stores.keystore_url, seconds=_STANDING_SECONDS)
    keystore_probe = KeyStandings(stores.keystore_url, seconds=_STANDING_SECONDS)
    recording = Recording()
    statements = Statements(opened.installation.id, opened.system_keys.checkpoints)
    statement_files = StatementFiles(settings.vault_ledger_dir, statements)
    checkpoints = Checkpoints(
        statement_files,
        records=settings.audit_checkpoint_records,
        seconds=settings.audit_checkpoint_seconds,
    )
    writer: AuditWriter[Ask, Verdict] = AuditWriter(
        stores.database_url,
        settings.vault_slot,
        chain=chain,
        batches=ReleaseBatches(
            chain=chain,
            account_keys=account_keys,
            standings=standings,
            macs=opened.system_keys.macs,
            brake=Brake(settings.release_brake_grants, settings.release_brake_accounts),
            recording=recording,
        ),
        checkpoints=checkpoints,
    )
    refusals = Refusals(recording, writer.note)
    sessions = database.sessions(stores.database)
    grants = GrantStore(sessions)
    erasing = Erasing.over(
        settings,
        opened,
        keystore=stores.keystore,
        sessions=sessions,
        writer=writer,
        rotation=rotation,
        provider=provider,
    )
    reader = AuditReader(sessions)
    api_keys = ApiKeyStore(sessions)
    epochs = _epochs(settings, stores)
    accounts = AccountRotation(
        epochs,
        ProviderKeyBlobs(api_keys, account_keys),
        keyring=opened.keyring,
        catch_up=watch.catch_up,
        audit=writer,
    )
    keeper = AuditKeeper(stores.database_url, chain, statement_files, lambda: datetime.now(UTC))
    keys = ApiKeys(
        rows=api_keys,
        generations=keystore,
        deletions=erasing.erasures,
        account_keys=account_keys,
        audit=writer,
        macs=opened.system_keys.macs,
        private=settings.private_providers,
    )

    async def sweep() -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                while await grants.sweep():
                    pass
            except (DomainError, SQLAlchemyError) as error:
                # What is over keeps until the next time.
                log.warning("grants.sweep_failed", **describe(error))

    guarded = {
        _KEYS: ApiKeyServicer(keys, reader),
        _DIRECTORY: ApiKeyDirectoryServicer(keys),
        _RELEASE: KeyReleaseServicer(writer=writer, verifier=verifier, grants=grants, recording=recording),
        _DATA: DataKeyServicer(
            DataKeys(account_keys=account_keys, revocations=grants, audit=writer, refusals=refusals), epochs
        ),
        _WEBHOOKS: WebhookSecretServicer(
            WebhookSecrets(account_keys=account_keys, audit=writer, refusals=refusals)
        ),
        _ERASURE: ErasureServicer(erasing.erasures),
        _PRIVACY: PrivacyServicer(VaultPart(sessions, database.sessions(stores.keystore))),
        _SIGNING: SigningServicer(signer, opened.system_keys.macs),
        _AUDIT: AuditServicer(reader),
    }
    log.info("vault.unsealed", root_key=opened.installation.root_key_id, slot=settings.vault_slot)
    await server.serve(
        settings,
        POLICY,
        servicers=[
            *(erasing.gate.guarded(name, _ADD[name], servicer) for name, servicer in guarded.items()),
            (_ADD[_LEDGER], ErasureLedgerServicer(erasing.erasures.ledger, erasing.restoration)),
            (_ADD[_AUDIT_OPERATOR], AuditOperatorServicer(keeper)),
            (
                _ADD_OPERATOR,
                OperatorServicer(keystore, epochs, Operated(keys, rotations, accounts, erasing.gate)),
            ),
        ],
        verifier=verifier,
        ready_checks=[erasing.gate.ready, writer.check, keystore_probe.check],
        background=[
            writer.run,
            checkpoints.run,
            sweep,
            rotations.run,
            accounts.run,
            *erasing.background(),
        ],
        note_refusal=refusals.at_the_door,
        on_stop=[checkpoints.close, standings.close, keystore_probe.close, stores.close],
    )
