"""The command `keystore`: the key store's backup, made and restored where the root key is."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from services.common import database
from services.common.database import FAILURES
from services.common.settings import load, read_secret
from services.vault.backup.backups import NAME, KeyStoreBackups
from services.vault.backup.format import BackupUnusable
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.providers import chosen
from services.vault.settings import KeyFileSettings


def backup(arguments: Namespace) -> int:
    """Write a backup into each of two directories, in place of the one that is there."""
    places = [Path(place) for place in arguments.places]
    if places[0].resolve() == places[1].resolve():
        print("the two places are one: losing it would lose the backup", file=sys.stderr)
        return 2

    async def work(backups: KeyStoreBackups, _: KeyFileSettings) -> None:
        for place in places:
            header = await backups.write(place)
            print(
                f"wrote {place / NAME}: it takes root key {header.root_key_id} and version "
                f"{header.wrapping_version} of the wrapping key"
            )

    return _run(work)


def restore(arguments: Namespace) -> int:
    """Fill an empty key store from a backup; the vault then asks for `erasures replay`."""

    async def work(backups: KeyStoreBackups, settings: KeyFileSettings) -> None:
        wrapping = WrappingFile(settings.vault_wrapping_key_file)
        header = await backups.restore(Path(arguments.file), wrapping)
        print(
            f"restored the key store of {header.installation}: start the vault, then "
            "`python -m services.vault erasures replay`"
        )

    return _run(work)


def _run(work: Callable[[KeyStoreBackups, KeyFileSettings], Awaitable[None]]) -> int:
    settings = load(KeyFileSettings)

    async def run() -> int:
        engine = database.engine(read_secret(settings.vault_keystore_url_file))
        try:
            await work(KeyStoreBackups(engine, chosen(settings), lambda: datetime.now(UTC)), settings)
        except BackupUnusable as error:
            print(error, file=sys.stderr)
            return 1
        except OSError as error:
            print(f"{error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
            return 1
        except FAILURES as error:
            print(f"the key store does not answer as it should ({type(error).__name__})", file=sys.stderr)
            return 1
        finally:
            await engine.dispose()
        return 0

    return asyncio.run(run())
