"""The vault as a server: it serves with the right root key and is sealed without it."""

from functools import partial

from services.common import database
from services.common.clock import DatabaseClock
from services.common.logs import log
from services.common.rpc import server
from services.common.servicers.privacy import PrivacyServicer
from services.common.servicers.suspension import SuspensionServicer
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from services.vault import unsealed
from services.vault.databases import Stores
from services.vault.keys.keyring import CannotUnseal
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import Unsealed, unseal
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.policy import SEALED_POLICY
from services.vault.root.providers import chosen
from services.vault.root.store import Escrows
from services.vault.servicers import sealed
from services.vault.servicers.api_keys import ApiKeyDirectoryServicer, ApiKeyServicer
from services.vault.servicers.audit import AuditServicer
from services.vault.servicers.audit_operator import AuditOperatorServicer
from services.vault.servicers.data_keys import DataKeyServicer
from services.vault.servicers.erasure import ErasureLedgerServicer, ErasureServicer
from services.vault.servicers.operator import OperatorServicer
from services.vault.servicers.release import KeyReleaseServicer
from services.vault.servicers.signing import SigningServicer
from services.vault.servicers.webhooks import WebhookSecretServicer
from services.vault.settings import VaultSettings

#: A sealed vault offers these contracts too, but refuses every call before a servicer sees it.
_CLOSED_WHILE_SEALED = (
    ApiKeyServicer,
    ApiKeyDirectoryServicer,
    AuditOperatorServicer,
    AuditServicer,
    DataKeyServicer,
    ErasureLedgerServicer,
    ErasureServicer,
    KeyReleaseServicer,
    PrivacyServicer,
    SigningServicer,
    SuspensionServicer,
    WebhookSecretServicer,
)


async def serve(settings: VaultSettings) -> None:
    """Serve until SIGTERM or SIGINT: everything with the right root key, refusals without it."""

    async def assemble(opened: server.Opened) -> server.Parts:
        stores = opened.keep(Stores.of(settings))
        keystore = KeyStore(stores.keystore)
        root, file = chosen(settings), WrappingFile(settings.vault_wrapping_key_file)
        try:
            keys = await database.when_there(lambda: unseal(keystore, root, file))
            await _check_escrow(settings, Escrows(stores.keystore), keys)
        except CannotUnseal as error:
            return await _sealed(settings, stores, keystore, str(error))
        clock = DatabaseClock(partial(database.time_of, stores.database))
        await clock.learn_if_possible()
        return unsealed.assemble(settings, opened, stores, keys, root=root, file=file, clock=clock)

    await server.serve(settings, assemble)


async def _check_escrow(settings: VaultSettings, escrows: Escrows, opened: Unsealed) -> None:
    """Raise CannotUnseal in production until an operator has confirmed a recovery sheet of a root key.

    After a rotation the new root key is not confirmed yet. That only logs a warning: a restart must not
    become an outage.
    """
    named = opened.installation.root_key_id
    if settings.environment != "production" or await escrows.time_of(named):
        return
    if not await escrows.any():
        opened.keyring.wipe()
        raise CannotUnseal(
            "nobody has confirmed that the root key is written down: run `python -m services.vault escrow`,"
            " then `escrow confirm`, and start the vault again"
        )
    log.warning("vault.escrow_missing", root_key=named)


async def _sealed(settings: VaultSettings, stores: Stores, keystore: KeyStore, why: str) -> server.Parts:
    installation = await keystore.installation()
    log.error("vault.sealed", wanted_root_key=installation.root_key_id if installation else None, why=why)
    return server.Parts(
        policy=SEALED_POLICY,
        servicers=[
            *map(server.hollow, _CLOSED_WHILE_SEALED),
            OperatorServicer(keystore, unsealed.epochs(settings, stores), None, why),
        ],
        verifier=TokenVerifier(StaticKeys(KeySet(issuer=""))),
        may=sealed.may,
        ready_checks=[sealed.refuse_readiness],
    )
