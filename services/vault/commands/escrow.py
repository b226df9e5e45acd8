"""The `escrow` commands: a root key written down, confirmed, and typed back after it was lost.

They run on the vault's host as the vault's user, who can read the root key anyway. No method gives one out,
not to an operator either: what a certificate could fetch, whoever steals the certificate could fetch too.
"""

import asyncio
import hashlib
import secrets
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable

from services.common.database import FAILURES
from services.common.errors import DomainError
from services.common.settings import load, read_secret
from services.vault.databases import Stores
from services.vault.keys.keyring import CannotUnseal
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import unseal
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.private_files import FileUnusable, read_at_most
from services.vault.root import recovery_text
from services.vault.root.key import ROOT_FILE_MODE, RootKey, RootKeyUnusable
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

What it is for: whoever has these four lines, the key store and the wrapping key's file can read every API
key and every file of this installation; whoever has lost the root key and this sheet has lost all of them.
Write the lines down or print them, and keep them where neither the vault's host nor its backups are: in a
safe, or in two. Once confirmed they are not shown again without --again. `escrow confirm` asks for one of
them, `escrow restore` for all.
"""
_KMS_SHEET = """\
Recovery notes of the Smelt vault {installation}
Root key {id}, held by AWS KMS

key          {key_id}
region       {region}
installation {name}
file         {path}
SHA-256      {digest}

What it is for: AWS KMS opens the file, and nothing else does; there are no lines to write down. Keep a copy
of the file where neither the vault's host nor its backups are: it is worthless without the key in KMS. Keep
the key: forbid its deletion by policy, and give a second person the right to use it. `escrow confirm` asks
for the first {digits} digits of the copy's SHA-256, which `sha256sum` prints.
"""


class _Refused(Exception):
    """The command ends; the text says why."""


def show(arguments: Namespace) -> int:
    """Print the root key in a form to be written down, once."""

    async def run(settings: KeyFileSettings, stores: Stores) -> None:
        installation, root = await _opened(settings, stores)
        if (confirmed := await Escrows(stores.keystore).time_of(root.id)) and not arguments.again:
            root.wipe()
            raise _Refused(f"{root.id} was confirmed on {confirmed:%Y-%m-%d}; --again prints it all the same")
        if settings.vault_root_provider == "aws-kms":
            print(_kms_notes(settings, installation, root.id), end="")
        else:
            lines = "\n".join(f"    {line}" for line in recovery_text.written(root.key))
            print(_SHEET.format(installation=installation, id=root.id, lines=lines), end="")
        root.wipe()

    return _run(run)


def confirm(_: Namespace) -> int:
    """Ask for a part of what was written down, and note that it was."""

    async def run(settings: KeyFileSettings, stores: Stores) -> None:
        _, root = await _opened(settings, stores)
        if settings.vault_root_provider == "aws-kms":
            typed = _asked(f"The first {_DIGITS} digits of the copy's SHA-256: ").strip().lower()
            good = typed == _digest(settings)[:_DIGITS]
        else:
            number = 1 + secrets.randbelow(recovery_text.LINES)
            typed = _asked(f"Line {number} of the recovery sheet: ")
            good = _is_line(number, typed, root)
        root.wipe()
        if not good:
            raise _Refused("that is not what was printed; nothing was confirmed")
        await Escrows(stores.keystore).confirm(root.id)
        print(f"confirmed: {root.id} was written down")

    return _run(run)


def restore(_: Namespace) -> int:
    """Make the root key's file again from the four lines, read from stdin."""

    async def run(settings: KeyFileSettings, stores: Stores) -> None:
        if sys.stdin.isatty():
            print("Type the four lines of the recovery sheet, then Ctrl-D:", file=sys.stderr)
        root = RootKey.of(recovery_text.read(sys.stdin.read()))
        try:
            wanted = await _wanted(stores)
            if wanted and wanted != root.id:
                raise _Refused(f"the lines are those of {root.id}, but the key store wants {wanted}")
            await asyncio.to_thread(chosen(settings).restore, root.key)
        finally:
            root.wipe()
        compared = "" if wanted else ", which could not be compared with the key store"
        print(f"restored {root.id}{compared}; start the vault")

    return _run(run)


async def _opened(settings: KeyFileSettings, stores: Stores) -> tuple[str, RootKey]:
    """Return the installation's id and its root key, once that has opened what it must open."""
    provider = chosen(settings)
    opened = await unseal(KeyStore(stores.keystore), provider, WrappingFile(settings.vault_wrapping_key_file))
    opened.keyring.wipe()
    return opened.installation.id, await asyncio.to_thread(provider.load, opened.installation.root_key_id)


async def _wanted(stores: Stores) -> str:
    """Return the id of the root key that the key store names, if it can be asked and names one."""
    try:
        installation = await KeyStore(stores.keystore).installation()
    except (DomainError, *FAILURES):
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


def _run(command: Callable[[KeyFileSettings, Stores], Awaitable[None]]) -> int:
    settings = load(KeyFileSettings)

    async def run() -> int:
        stores = Stores.at(
            read_secret(settings.database_url_file), read_secret(settings.vault_keystore_url_file)
        )
        try:
            await command(settings, stores)
        except (_Refused, CannotUnseal, RecoveryTextWrong, RootKeyUnusable, FileUnusable) as error:
            print(str(error), file=sys.stderr)
            return 1
        except (DomainError, *FAILURES) as error:
            print(f"the key store does not answer as it should ({type(error).__name__})", file=sys.stderr)
            return 1
        finally:
            await stores.close()
        return 0

    return asyncio.run(run())
