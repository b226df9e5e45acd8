"""Run the vault (migrate, init, serve) and operate it (the other commands)."""

import argparse
import asyncio
from pathlib import Path

from services.common import logs
from services.common.logs import describe, log
from services.common.process import garbage
from services.common.settings import load, read_secret
from services.common.store import migrations
from services.vault.commands import audit, backups, client, erasures, escrow, rotate
from services.vault.commands.on_host import Refused, run_on_host
from services.vault.databases import FAILURES, Stores
from services.vault.hygiene import harden_process
from services.vault.keys.first_start import CannotInitialise, FirstStart
from services.vault.keys.store import KeyStore
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.providers import chosen
from services.vault.settings import KeyFileSettings, StoreSettings, VaultSettings

_FOLDER = Path(__file__).resolve().parent


def serve(_: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    # Commands run beside a vault that serves, and start without what only it needs.
    from services.vault import service

    settings = load(VaultSettings)
    logs.configure("vault", settings.log_level)

    async def run() -> int:
        try:
            await service.serve(settings)
        except FAILURES as error:
            log.error("vault.start_failed", **describe(error))
            return 1
        return 0

    garbage.leave_imports_alone()
    return asyncio.run(run())


def migrate(_: argparse.Namespace) -> int:
    """Create or update the tables of both databases."""
    settings = load(StoreSettings)
    migrations.upgrade(_FOLDER / "migrations", read_secret(settings.database_url_file))
    migrations.upgrade(_FOLDER / "keystore_migrations", read_secret(settings.vault_keystore_url_file))
    return 0


def init(_: argparse.Namespace) -> int:
    """Create the installation's first keys, once."""

    async def work(settings: KeyFileSettings, stores: Stores) -> None:
        wrapping = WrappingFile(settings.vault_wrapping_key_file)
        first = FirstStart(KeyStore(stores.keystore), stores.database, chosen(settings), wrapping)
        try:
            print(await first.initialise())
        except CannotInitialise as error:
            raise Refused(f"the vault cannot be initialised: {error}") from None

    return run_on_host(work)


def main() -> int:
    """Run the command that the arguments name; return the exit status."""
    harden_process()
    parser = argparse.ArgumentParser(prog="python -m services.vault", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in (serve, migrate, init):
        commands.add_parser(command.__name__, help=command.__doc__).set_defaults(run=command)
    managed = commands.add_parser("managed-key", help="Store or replace the operator's provider key")
    managed.add_argument("--base-url", default="", help="The key's endpoint; OpenAI's if left out")
    managed.add_argument("--kind", default="openai", choices=("openai", "azure-openai"))
    managed.add_argument("--timeout", type=int, default=0, help="Seconds for one answer, 5 to 900")
    managed.add_argument("--secret-file", required=True, help="File that contains the key")
    managed.set_defaults(run=client.managed_key)
    rotate.add_commands(commands.add_parser("rotate", help="Replace keys while the vault serves"))
    audit.add_commands(commands.add_parser("audit", help="Verify or archive the audit log"))
    escrow.add_commands(commands.add_parser("escrow", help=escrow.show.__doc__))
    erasures.add_commands(
        commands.add_parser("erasures", help="List what was erased, or erase it again after a restore")
    )
    backups.add_commands(commands.add_parser("keystore", help="Back the key store up, or restore it"))
    commands.add_parser("status", help="Print the state of the vault").set_defaults(run=client.status)
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    raise SystemExit(main())
