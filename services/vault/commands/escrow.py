"""The `escrow` commands: a root key written down, confirmed, and typed back after it was lost.

They run on the vault's host as the vault's user, which can read the root key anyway. No RPC returns a root
key, not even to an operator: a stolen certificate could fetch it too.
"""

import asyncio
import hashlib
import secrets
import sys
from argparse import ArgumentParser, Namespace

from services.vault.commands.on_host import Refused, run_on_host
from services.vault.databases import FAILURES, Stores
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import unseal
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.private_files import read_at_most
from services.vault.root import recovery_text
from services.vault.root.key import ROOT_FILE_MODE, RootKey
from services.vault.root.providers import chosen
from services.vault.root.recovery_text import RecoveryTextWrong
from services.vault.root.store import Escrows
from services.vault.settings import KeyFileSettings

_MOST_BYTES = 6144
_DIGITS = 8
_SHEET = """\
Recovery sheet of the Smelt vault {installation}
Root key {id}

{lines}

What it is for: anyone with these four lines, the key store and the wrapping key's file can read every API
key and every file of this installation. If the root key and this sheet are both lost, all of them are lost.
Write the lines down or print them, and keep them away from the vault's host and its backups: in a safe, or in
two. Once they are confirmed, they are shown again only with --again. `escrow confirm` asks for one of them,
`escrow restore` for all.
"""
_KMS_SHEET = """\
Recovery notes of the Smelt vault {installation}
Root key {id}, held by AWS KMS

key          {key_id}
region       {region}
installation {name}
file         {path}
SHA-256      {digest}

What it is for: only AWS KMS can open the file, so there are no lines to write down. Keep a copy of the file
away from the vault's host and its backups: the copy is worthless without the key in KMS. Keep the key:
forbid its deletion by policy, and give a second person the right to use it. `escrow confirm` asks for the
first {digits} digits of the copy's SHA-256, which `sha256sum` prints.
"""


def add_commands(parser: ArgumentParser) -> None:
    """Make the parser that of `escrow`, and add the commands below it."""
    parser.add_argument("--again", action="store_true", help="Print it even if it was confirmed")
    parser.set_defaults(run=show)
    steps = parser.add_subparsers(metavar="confirm|restore")
    for step in (confirm, restore):
        steps.add_parser(step.__name__, help=step.__doc__).set_defaults(run=step)


def show(arguments: Namespace) -> int:
    """Print the root key as a recovery sheet to write down."""

    async def run(settings: KeyFileSettings, stores: Stores) -> None:
        installation, root = await _opened(settings, stores)
        with root:
            if (confirmed := await Escrows(stores.keystore).time_of(root.id)) and not arguments.again:
                raise Refused(
                    f"{root.id} was confirmed on {confirmed:%Y-%m-%d}; use --again to print it anyway"
                )
            if settings.vault_root_provider == "aws-kms":
                print(_kms_notes(settings, installation, root.id), end="")
            else:
                lines = "\n".join(f"    {line}" for line in recovery_text.written(root.key))
                print(_SHEET.format(installation=installation, id=root.id, lines=lines), end="")

    return run_on_host(run)


def confirm(_: Namespace) -> int:
    """Ask for one line of the recovery sheet, and note that it was written down."""

    async def run(settings: KeyFileSettings, stores: Stores) -> None:
        _, root = await _opened(settings, stores)
        with root:
            if settings.vault_root_provider == "aws-kms":
                typed = _asked(f"The first {_DIGITS} digits of the copy's SHA-256: ").strip().lower()
                good = typed == _digest(settings)[:_DIGITS]
            else:
                number = 1 + secrets.randbelow(recovery_text.LINES)
                typed = _asked(f"Line {number} of the recovery sheet: ")
                good = _is_line(number, typed, root)
        if not good:
            raise Refused("that is not what was printed; nothing was confirmed")
        await Escrows(stores.keystore).confirm(root.id)
        print(f"confirmed: {root.id} was written down")

    return run_on_host(run)


def restore(_: Namespace) -> int:
    """Recreate the root key's file from the four lines, read from stdin."""

    async def run(settings: KeyFileSettings, stores: Stores) -> None:
        if sys.stdin.isatty():
            print("Type the four lines of the recovery sheet, then Ctrl-D:", file=sys.stderr)
        with RootKey.of(recovery_text.read(sys.stdin.read())) as root:
            wanted = await _wanted(stores)
            if wanted and wanted != root.id:
                raise Refused(f"the lines are those of {root.id}, but the key store needs {wanted}")
            await asyncio.to_thread(chosen(settings).restore, root.key)
        compared = "" if wanted else ", which could not be compared with the key store"
        print(f"restored {root.id}{compared}; start the vault")

    return run_on_host(run)


async def _opened(settings: KeyFileSettings, stores: Stores) -> tuple[str, RootKey]:
    """Return the installation's id and its root key, after the key has opened the installation's keys."""
    provider = chosen(settings)
    opened = await unseal(KeyStore(stores.keystore), provider, WrappingFile(settings.vault_wrapping_key_file))
    opened.keyring.wipe()
    return opened.installation.id, await asyncio.to_thread(provider.load, opened.installation.root_key_id)


async def _wanted(stores: Stores) -> str:
    """Return the id of the root key that the key store names; empty if it names none or cannot be read."""
    try:
        installation = await KeyStore(stores.keystore).installation()
    except FAILURES:
        return ""
    return installation.root_key_id if installation else ""


def _is_line(number: int, typed: str, root: RootKey) -> bool:
    try:
        part = recovery_text.part_of_line(number, typed)
    except RecoveryTextWrong:
        return False
    start = (number - 1) * len(part)
    return secrets.compare_digest(part, bytes(root.key[start : start + len(part)]))


def _kms_notes(settings: KeyFileSettings, installation: str, root_key_id: str) -> str:
    return _KMS_SHEET.format(
        installation=installation,
        id=root_key_id,
        key_id=settings.vault_kms_key_id,
        region=settings.vault_kms_region,
        name=settings.vault_kms_installation,
        path=settings.vault_root_key_file,
        digest=_digest(settings),
        digits=_DIGITS,
    )


def _digest(settings: KeyFileSettings) -> str:
    content = read_at_most(settings.vault_root_key_file, most=_MOST_BYTES, mode=ROOT_FILE_MODE)
    return hashlib.sha256(content).hexdigest()


def _asked(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()
