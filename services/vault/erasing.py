"""The parts that erase and that survive a restore, put together over what a vault has."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from services.vault.audit import Audit
from services.vault.erasure import Erasures, Ledger
from services.vault.erasure_keystore import ErasureKeyStore
from services.vault.erasure_ledger import LedgerChain
from services.vault.erasure_servicer import ErasureLedgerServicer
from services.vault.erasure_store import ErasureStore
from services.vault.gate import Gate
from services.vault.keystore_backups import BackupKeeper, KeyStoreBackups
from services.vault.ledger_file import LedgerFile
from services.vault.ratchet import Ratchet
from services.vault.restoration import COMPARING, Restoration
from services.vault.root import RootProvider
from services.vault.rotation import Rotation
from services.vault.settings import VaultSettings
from services.vault.unseal import Unsealed


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Erasing:
    """What erases, what notices a restore, and the gate that it holds."""

    erasures: Erasures
    restoration: Restoration
    ratchet: Ratchet
    gate: Gate
    keeper: BackupKeeper

    @classmethod
    def over(
        cls,
        settings: VaultSettings,
        opened: Unsealed,
        *,
        keystore: AsyncEngine,
        sessions: async_sessionmaker[AsyncSession],
        writer: Audit,
        rotation: Rotation,
        provider: RootProvider,
    ) -> "Erasing":
        # A new volume is empty. Where this cannot be, the ledger says so as soon as it is looked at; where it
        # must not be, because the databases know of a ledger, they say so.
        with suppress(OSError):
            settings.vault_ledger_dir.mkdir(mode=0o700, exist_ok=True)
        chain = LedgerChain.of(opened.system_keys.audit, opened.installation.id)
        keys, rows = ErasureKeyStore(keystore), ErasureStore(sessions)
        erasures = Erasures(
            ledger=Ledger(LedgerFile(settings.vault_ledger_dir, chain), _now),
            keys=keys,
            rows=rows,
            audit=writer,
        )
        ratchet = Ratchet(keys, rotation, settings.vault_ratchet_seconds)
        gate = Gate(COMPARING)
        return cls(
            erasures,
            Restoration(erasures=erasures, keys=keys, rows=rows, ratchet=ratchet, audit=writer, gate=gate),
            ratchet,
            gate,
            BackupKeeper(
                KeyStoreBackups(keystore, provider, _now),
                settings.vault_keystore_backup_dirs,
                settings.vault_keystore_backup_seconds,
            ),
        )

    def ledger_servicer(self) -> ErasureLedgerServicer:
        """Return what operators ask."""
        return ErasureLedgerServicer(self.erasures.ledger, self.restoration)

    def background(self) -> list[Callable[[], Awaitable[None]]]:
        """Return the loops that run beside the server."""

        def closed() -> bool:
            return self.gate.closed

        return [
            self.restoration.run,
            partial(self.ratchet.run, unless=closed),
            partial(self.keeper.run, unless=closed),
        ]
