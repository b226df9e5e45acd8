"""The command `smelt-ops`, which is `python -m ops`."""

import sys

import typer

from ops.commands import archive, copies, restoring, status
from ops.errors import OpsError

app = typer.Typer(
    name="smelt-ops",
    help="Back up the databases of Smelt, watch the backups, and restore any second of the window.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.command()(archive.wal)
app.command()(archive.backup)
app.command()(archive.verify)
app.command()(copies.keystore)
app.command()(copies.ledger)
app.command()(restoring.drill)
app.add_typer(restoring.restore_app, name="restore")
app.command()(restoring.identity)
app.command()(status.status)


def main() -> int:
    """Run the command that the arguments name; if it cannot be done, say why in one line and return 1."""
    try:
        app(standalone_mode=True, prog_name="smelt-ops")
    except OpsError as error:
        print(f"smelt-ops: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
