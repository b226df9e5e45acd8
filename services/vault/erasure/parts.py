"""The parts of erasure and restoration, put together over the vault's stores."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from services.common.clock import Now
from services.common.database import Engine, Transactions
from services.vault.audit.chain import Audit
from services.vault.backup.backups import BackupKeeper, KeyStoreBackups
from services.vault.erasure.erasures import Erasures, Ledger
from services.vault.erasure.gate import Gate
from services.vault.erasure.ledger import LedgerChain
from services.vault.erasure.ledger_file import LedgerFile
from services.vault.erasure.ratchet import Ratchet
from services.vault.erasure.restoration import COMPARING, Restoration
from services.vault.erasure.service_histories import ServiceHistories
from services.vault.erasure.store.database import ErasureStore
from services.vault.erasure.store.keystore import ErasureKeyStore
from services.vault.keys.unseal import Unsealed
from services.vault.root.key import RootProvider
from services.vault.rotation.wrapping import Rotation
from services.vault.settings import VaultSettings


@dataclass(frozen=True, slots=True)
class ErasureParts:
    """What erases, what notices a restore, and the gate that it opens and closes."""

    erasures: Erasures
    restoration: Restoration
    services: ServiceHistories
    ratchet: Ratchet
    gate: Gate
    keeper: BackupKeeper

    @classmethod
    def over(
        cls,
        settings: VaultSettings,
        opened: Unsealed,
        *,
        keystore: Engine,
        sessions: Transactions,
        writer: Audit,
        rotation: Rotation,
        provider: RootProvider,
        now: Now,
    ) -> "ErasureParts":
        # A new volume is empty. If the directory cannot be created, the first read of the ledger says so; if
        # the databases know of a ledger that is not in it, the first comparison says so.
        with suppress(OSError):
            settings.vault_ledger_dir.mkdir(mode=0o700, exist_ok=True)
        chain = LedgerChain.of(opened.system_keys.audit, opened.installation.id)
        keys, rows = ErasureKeyStore(keystore), ErasureStore(sessions)
        erasures = Erasures(
            ledger=Ledger(LedgerFile(settings.vault_ledger_dir, chain), now),
            keys=keys,
            rows=rows,
            audit=writer,
        )
        ratchet = Ratchet(keys, rotation, settings.vault_ratchet_seconds)
        gate = Gate(COMPARING)
        return cls(
            erasures,
            Restoration(erasures=erasures, keys=keys, rows=rows, ratchet=ratchet, audit=writer, gate=gate),
            ServiceHistories(erasures),
            ratchet,
            gate,
            BackupKeeper(
                KeyStoreBackups(keystore, provider, now),
                settings.vault_keystore_backup_dirs,
                settings.vault_keystore_backup_seconds,
                settings.vault_keystore_backup_gather_seconds,
            ),
        )

    def background(self) -> list[Callable[[], Awaitable[None]]]:
        """Return the loops that run beside the server."""

        def closed() -> bool:
            return self.gate.closed

        return [
            self.restoration.run,
            partial(self.ratchet.run, unless=closed),
            partial(self.keeper.run, unless=closed),
        ]
