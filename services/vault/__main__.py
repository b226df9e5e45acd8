"""Commands of the vault: serve, migrate, init; and for operators managed-key, rotate, audit, status."""

import argparse
import asyncio
import sys
from pathlib import Path

from services.common import garbage, logs
from services.common.database import FAILURES
from services.common.errors import DomainError
from services.common.logs import describe, log
from services.common.settings import load, read_secret
from services.common.store import migrations
from services.vault import service
from services.vault.commands import audit, backups, client, escrow
from services.vault.commands import erasures as operator_erasures
from services.vault.commands import rotate as operator_rotate
from services.vault.databases import Stores
from services.vault.hygiene import harden_process
from services.vault.keys.first_start import CannotInitialise, FirstStart
from services.vault.keys.store import KeyStore
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.providers import chosen
from services.vault.settings import KeyFileSettings, StoreSettings, VaultSettings

_FOLDER = Path(__file__).resolve().parent


def serve(_: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    settings = load(VaultSettings)
    logs.configure("vault", settings.log_level)

    async def run() -> int:
        try:
            await service.serve(settings)
        except (DomainError, *FAILURES) as error:
            log.error("vault.start_failed", **describe(error))
            return 1
        return 0

    return asyncio.run(run())


def migrate(_: argparse.Namespace) -> int:
    """Bring both databases up to date."""
    settings = load(StoreSettings)
    migrations.upgrade(_FOLDER / "migrations", read_secret(settings.database_url_file))
    migrations.upgrade(_FOLDER / "keystore_migrations", read_secret(settings.vault_keystore_url_file))
    return 0


def init(_: argparse.Namespace) -> int:
    """Make the installation's first keys, once."""
    settings = load(KeyFileSettings)

    async def run() -> int:
        stores = Stores.of(settings)
        first = FirstStart(
            KeyStore(stores.keystore),
            stores.database,
            chosen(settings),
            WrappingFile(settings.vault_wrapping_key_file),
        )
        try:
            print(await first.initialise())
        except CannotInitialise as error:
            print(f"the vault cannot be initialised: {error}", file=sys.stderr)
            return 1
        except (DomainError, *FAILURES) as error:
            print(f"a database does not answer as it should ({type(error).__name__})", file=sys.stderr)
            return 1
        finally:
            await stores.close()
        return 0

    return asyncio.run(run())


def main() -> int:
    """Run the command that the arguments name; return the exit status."""
    harden_process()
    parser = argparse.ArgumentParser(prog="python -m services.vault", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in (serve, migrate, init):
        commands.add_parser(command.__name__, help=command.__doc__).set_defaults(run=command)
    managed = commands.add_parser("managed-key", help="Store or replace the operator's provider key")
    managed.add_argument("--base-url", default="", help="Its endpoint; empty for OpenAI's")
    managed.add_argument("--secret-file", required=True, help="File that holds the key")
    managed.set_defaults(run=client.managed_key)
    rotate = commands.add_parser("rotate", help="Replace keys while the vault serves")
    rotated = rotate.add_subparsers(required=True, metavar="key")
    for name, action in (("wrapping", operator_rotate.wrapping), ("root", operator_rotate.root)):
        rotated.add_parser(name, help=action.__doc__).set_defaults(run=action)
    one = rotated.add_parser("account", help=operator_rotate.account.__doc__)
    one.add_argument("account", nargs="?", default="", help="Its id; without one, all accounts")
    one.set_defaults(run=operator_rotate.account)
    audit.add_commands(commands.add_parser("audit", help="Verify or archive the audit log"))
    escrowing = commands.add_parser("escrow", help=escrow.show.__doc__)
    escrowing.add_argument("--again", action="store_true", help="Print it although it was confirmed")
    escrowing.set_defaults(run=escrow.show)
    escrowed = escrowing.add_subparsers(metavar="confirm|restore")
    for step in (escrow.confirm, escrow.restore):
        escrowed.add_parser(step.__name__, help=step.__doc__).set_defaults(run=step)
    erasures = commands.add_parser("erasures", help="What was erased, and erasing it again after a restore")
    erased = erasures.add_subparsers(required=True, metavar="action")
    for name, action in (("list", operator_erasures.listed), ("replay", operator_erasures.replay)):
        erased.add_parser(name, help=action.__doc__).set_defaults(run=action)
    keystore = commands.add_parser("keystore", help="Back the key store up, or restore it")
    kept = keystore.add_subparsers(required=True, metavar="action")
    backup = kept.add_parser("backup", help=backups.backup.__doc__)
    backup.add_argument("places", nargs=2, metavar="directory")
    backup.set_defaults(run=backups.backup)
    restore = kept.add_parser("restore", help=backups.restore.__doc__)
    restore.add_argument("file")
    restore.set_defaults(run=backups.restore)
    commands.add_parser("status", help="Print how the vault is").set_defaults(run=client.status)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    garbage.leave_imports_alone()
    raise SystemExit(main())
