"""The commands below `keystore`: backup and restore, on the host that has the root key."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from services.vault.backup.backups import NAME, KeyStoreBackups
from services.vault.commands.on_host import run_on_host
from services.vault.databases import Stores
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.providers import chosen
from services.vault.settings import KeyFileSettings


def add_commands(parser: ArgumentParser) -> None:
    """Add the commands below `keystore`."""
    actions = parser.add_subparsers(required=True, metavar="action")
    backup_ = actions.add_parser("backup", help=backup.__doc__)
    backup_.add_argument("places", nargs=2, metavar="directory")
    backup_.set_defaults(run=backup)
    restore_ = actions.add_parser("restore", help=restore.__doc__)
    restore_.add_argument("file")
    restore_.set_defaults(run=restore)


def backup(arguments: Namespace) -> int:
    """Write a backup into each of two directories, replacing the one that is there."""
    places = [Path(place) for place in arguments.places]
    if places[0].resolve() == places[1].resolve():
        print("the two directories are the same: losing it would lose the backup", file=sys.stderr)
        return 2

    async def work(settings: KeyFileSettings, stores: Stores) -> None:
        backups = _backups(settings, stores)
        for place in places:
            header = await backups.write(place)
            print(
                f"wrote {place / NAME}: it needs root key {header.root_key_id} and version "
                f"{header.wrapping_version} of the wrapping key"
            )

    return run_on_host(work)


def restore(arguments: Namespace) -> int:
    """Fill an empty key store from a backup; the vault then needs `erasures replay`."""

    async def work(settings: KeyFileSettings, stores: Stores) -> None:
        wrapping = WrappingFile(settings.vault_wrapping_key_file)
        header = await _backups(settings, stores).restore(Path(arguments.file), wrapping)
        print(
            f"restored the key store of {header.installation}: start the vault, then "
            "`python -m services.vault erasures replay`"
        )

    return run_on_host(work)


def _backups(settings: KeyFileSettings, stores: Stores) -> KeyStoreBackups:
    return KeyStoreBackups(stores.keystore, chosen(settings), lambda: datetime.now(UTC))
