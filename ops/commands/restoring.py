"""`restore`, `drill` and `identity`: commands that open the archive, which takes a secret identity."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.aftermath.settle import finish as let_go
from ops.aftermath.settle import settle
from ops.archive.window import read
from ops.commands.moments import moment
from ops.commands.parts import say, servers_programs
from ops.errors import OpsError
from ops.restoring import drill as drilling
from ops.restoring.restore import Restore, Wish, abandon
from ops.restoring.target import Place
from ops.sealing import Identity, new_identity
from ops.settings import OpeningSettings
from ops.state import Steps
from ops.stores.chosen import chosen
from ops.stores.store import Store
from services.common.settings import load, read_secret

restore_app = typer.Typer(help="Bring the main cluster back to a moment.", invoke_without_command=True)
Target = Annotated[Path | None, typer.Option("--target", help="The main cluster's data directory")]


@restore_app.callback()
def restore(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="A moment such as 2026-12-01T15:04:05Z, or `end`")] = "",
    target: Target = None,
    backup: Annotated[str, typer.Option("--backup", help="Use this backup, not the newest that fits")] = "",
    ledger: Annotated[Path | None, typer.Option("--ledger", help="The vault's erasures.jsonl")] = None,
    without_shadow: Annotated[bool, typer.Option("--without-shadow", help="If the end is lost")] = False,
) -> None:
    """Bring the main cluster back to a moment. Killed or failed, repeat the same command."""
    if context.invoked_subcommand:
        return
    settings = load(OpeningSettings)
    target = target or settings.backup_target_dir
    if not to or target is None:
        raise OpsError("name a moment with --to, and the main cluster's data directory with --target")
    store = chosen(settings)
    when = _newest(store) if to == "end" else moment(to)
    target = target.absolute()
    wish = Wish(when, target, settings.window, backup=backup, without_shadow=without_shadow, ledger=ledger)
    programs = servers_programs(settings.pg_bin, target)
    identity = Identity(settings.backup_identity_file)
    asyncio.run(Restore(store, identity, programs, settle, say).run(wish))
    say("next: start the stores and services, replay the erasures, make a full backup, then")
    say("`smelt-ops restore finish`: docs/restore.md has each command")


@restore_app.command()
def finish(target: Target = None) -> None:
    """Let go of what a restore held, once you have looked at the restored data."""
    settings = load(OpeningSettings)
    place = target or settings.backup_target_dir
    if place is None or settings.backup_admin_url_file is None:
        raise OpsError(
            "name the main cluster's data directory with --target, and a file with a superuser's address "
            "in SMELT_BACKUP_ADMIN_URL_FILE"
        )
    url = read_secret(settings.backup_admin_url_file).replace("postgresql+psycopg://", "postgresql://", 1)
    steps = Steps(Place(place.absolute()).finishing())
    report = asyncio.run(let_go(url, steps, window=settings.window))
    for line in report.lines():
        say(line)


@restore_app.command("abandon")
def give_up(target: Target = None) -> None:
    """Give up a restore that was begun and not finished; the data stays as it is."""
    place = target or load(OpeningSettings).backup_target_dir
    if place is None:
        raise OpsError("name the main cluster's data directory with --target")
    abandon(Place(place.absolute()))
    say("given up; nothing was touched")


def drill(
    at: Annotated[str, typer.Option("--at", help="A moment; by default a random one of the window")] = "",
    room: Annotated[Path | None, typer.Option("--room", help="Where it may work; deleted at the end")] = None,
) -> None:
    """Restore a moment of the window into a throw-away directory, and look at what came back."""
    settings = load(OpeningSettings)
    done = drilling.drill(
        chosen(settings),
        Identity(settings.backup_identity_file),
        lambda place: servers_programs(settings.pg_bin, place),
        moment=moment(at) if at else None,
        room=room,
        say=say,
    )
    say(f"passed: {done.moment.isoformat()} in {done.seconds:.1f} s")


def identity(
    file: Annotated[Path | None, typer.Argument(help="A new file for it; without one, it is printed")] = None,
) -> None:
    """Make an identity that opens backups. Print its public key; the secret goes to a file or to paper."""
    secret, public = new_identity()
    if file is None:
        say("Write this down on the recovery sheet; it is not kept:")
        say(secret)
    else:
        with open(file, "x", encoding="utf-8", opener=_private) as made:
            made.write(f"# created: {datetime.now(UTC).isoformat()}\n# public key: {public}\n{secret}\n")
    say(public)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _newest(store: Store) -> datetime:
    spans = read(store).spans()
    if not spans:
        raise OpsError("the archive has no backup that can be restored")
    return spans[-1].end
