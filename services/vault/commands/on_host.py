"""What commands share that run on the vault's host: settings, databases, one sentence on failure."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.common.settings import load
from services.vault.backup.format import BackupUnusable
from services.vault.databases import FAILURES, Stores
from services.vault.keys.keyring import CannotUnseal
from services.vault.private_files import FileUnusable
from services.vault.root.key import RootKeyUnusable
from services.vault.root.recovery_text import RecoveryTextWrong
from services.vault.settings import KeyFileSettings


class Refused(Exception):
    """The command ends; the text says why."""


_SENTENCES = (Refused, BackupUnusable, CannotUnseal, FileUnusable, RecoveryTextWrong, RootKeyUnusable)


def run_on_host(command: Callable[[KeyFileSettings, Stores], Awaitable[None]]) -> int:
    """Run a command over both databases; print why it failed to stderr and return the exit status."""
    settings = load(KeyFileSettings)

    async def run() -> int:
        try:
            async with _stores(settings) as stores:
                await command(settings, stores)
        except _SENTENCES as error:
            print(error, file=sys.stderr)
            return 1
        except OSError as error:
            print(f"{error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
            return 1
        except FAILURES as error:
            print(f"a database does not answer as it should ({type(error).__name__})", file=sys.stderr)
            return 1
        return 0

    return asyncio.run(run())


@asynccontextmanager
async def _stores(settings: KeyFileSettings) -> AsyncIterator[Stores]:
    stores = Stores.of(settings)
    try:
        yield stores
    finally:
        await stores.close()
