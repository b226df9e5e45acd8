"""`keystore` and `ledger`: commands beside the vault that copy one of its files into the archive."""

from pathlib import Path
from typing import Annotated

import typer

from ops.archive.copies import KEYSTORE, LEDGER, Copier, fetch, utc_now
from ops.commands.parts import say, until_stopped
from ops.errors import OpsError
from ops.sealing import Identity, Recipients
from ops.settings import CopySettings, KeystoreSettings, LedgerSettings, OpeningSettings
from ops.stores.chosen import chosen
from ops.watching.metrics import serve_copy
from services.common import logs
from services.common.settings import load

Fetch = Annotated[
    Path | None, typer.Option("--fetch", help="Open the newest copy into this new file instead")
]


def keystore(to: Fetch = None) -> None:
    """Copy the key store's sealed backup whenever the vault has renewed it, until stopped."""
    if to is not None:
        return _fetch(KEYSTORE, to)
    settings = load(KeystoreSettings)
    return _copy(KEYSTORE, settings.backup_keystore_file, settings, grows=False)


def ledger(to: Fetch = None) -> None:
    """Copy the vault's erasure ledger whenever it has grown, until stopped."""
    if to is not None:
        return _fetch(LEDGER, to)
    settings = load(LedgerSettings)
    return _copy(LEDGER, settings.backup_ledger_file, settings, grows=True)


def _copy(name: str, path: Path, settings: CopySettings, *, grows: bool) -> None:
    logs.configure("ops", settings.log_level)
    stopping = until_stopped()
    copier = Copier(name, path, chosen(settings), Recipients(settings.backup_recipients), grows)
    if settings.backup_listen:
        serve_copy(settings.backup_listen, copier)
    copier.run(stopping, now=utc_now)


def _fetch(name: str, to: Path) -> None:
    settings = load(OpeningSettings)
    if not fetch(chosen(settings), Identity(settings.backup_identity_file), name, to):
        raise OpsError(f"the archive has no copy of the {name}")
    say(f"wrote {to}")
