"""The operator's commands below `audit`: verify, archive, public-key, check."""

import hashlib
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from smelt.vault.v1 import audit_pb2, audit_pb2_grpc

from services.vault.audit.statements import Archive, StatementForged, read
from services.vault.commands.client import RPC_SECONDS, call_vault
from services.vault.private_files import sync_directory

#: The exit status of `audit verify` and `audit check` if something is not as it was written.
FOUND = 2
# A year of records takes minutes to read; after six hours the vault must be hanging.
_LONGEST_SECONDS = 6 * 3600.0
_LINES = 500
_READ_BYTES = 1 << 20
Stub = audit_pb2_grpc.AuditOperatorServiceStub


def add_commands(parser: ArgumentParser) -> None:
    """Add the commands below `audit`."""
    audit = parser.add_subparsers(required=True, metavar="action")
    verify_ = audit.add_parser("verify", help=verify.__doc__)
    verify_.add_argument(
        "--checkpoints",
        action="append",
        default=[],
        metavar="FILE",
        help="File with checkpoints that were shipped elsewhere; a log of the vault works too",
    )
    verify_.add_argument("--archives", metavar="DIR", help="Folder with the files of archived months")
    verify_.add_argument("--progress", action="store_true", help="Report progress on stderr")
    verify_.set_defaults(run=verify)
    archive_ = audit.add_parser("archive", help=archive.__doc__)
    archive_.add_argument("month", help="YYYY-MM; must be the oldest month in the database")
    archive_.add_argument("--to", required=True, metavar="DIR", help="Folder for the file")
    archive_.set_defaults(run=archive)
    audit.add_parser("public-key", help=public_key.__doc__).set_defaults(run=public_key)
    check_ = audit.add_parser("check", help=check.__doc__)
    check_.add_argument("file", help="File with signed lines; a log of the vault works too")
    check_.add_argument(
        "--public-key", required=True, metavar="FILE", help="File with the output of `public-key`"
    )
    check_.set_defaults(run=check)


def verify(arguments: Namespace) -> int:
    """Check the whole audit log; exit with 0 if it is as it was written, 2 if it is not."""
    status = 1

    async def call(stub: Stub) -> str:
        nonlocal status
        async for said in stub.VerifyAudit(_evidence(arguments), timeout=_LONGEST_SECONDS):
            match said.WhichOneof("said"):
                case "finding":
                    found = said.finding
                    status = FOUND
                    print(f"chain {found.chain or '?'} record {found.seq}: {found.what}", flush=True)
                case "progress" if arguments.progress:
                    print(f"{said.progress} records", file=sys.stderr, flush=True)
                case "summary":
                    status = FOUND if said.summary.findings else 0
                    return _told(said.summary)
        return "the vault ended the check before it was complete; run it again"

    failed = call_vault(call, Stub)
    return 1 if failed else status


def archive(arguments: Namespace) -> int:
    """Move a month's records to a file: write it, check it, and have the vault drop the month."""
    path = Path(arguments.to) / f"audit-{arguments.month}.jsonl"
    draft = path.with_suffix(".draft")

    async def call(stub: Stub) -> str:
        if not path.exists():
            with draft.open("wb") as file:
                wanted = audit_pb2.ExportAuditMonthRequest(month=arguments.month)
                async for piece in stub.ExportAuditMonth(wanted, timeout=_LONGEST_SECONDS):
                    file.write(piece.lines)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
            sync_directory(path.parent)
        records, sha256 = _digest(path)
        request = audit_pb2.DropAuditMonthRequest(month=arguments.month, records=records, sha256=sha256)
        answer = await stub.DropAuditMonth(request, timeout=_LONGEST_SECONDS)
        return f"{path}: {records} records, SHA-256 {sha256}\n{answer.statement}"

    return call_vault(call, Stub)


def public_key(_: Namespace) -> int:
    """Print what checks checkpoints elsewhere: the installation, then key ids and public keys."""

    async def call(stub: Stub) -> str:
        answer = await stub.GetCheckpointKeys(audit_pb2.GetCheckpointKeysRequest(), timeout=RPC_SECONDS)
        keys = [f"{id_} {key.hex()}" for id_, key in sorted(answer.keys.items())]
        return "\n".join((answer.installation, *keys))

    return call_vault(call, Stub)


def check(arguments: Namespace) -> int:
    """Check signatures of checkpoints without a vault; exit with 0 if all are good, 2 if one is not."""
    installation, *lines = Path(arguments.public_key).read_text().split("\n")
    keys = {
        id_: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        for id_, _, key in (line.partition(" ") for line in lines if line)
    }
    status, good = 0, 0
    last: dict[str, int] = {}
    for number, line in _statements(Path(arguments.file)):
        try:
            said = read(line, installation=installation, keys=keys)
        except StatementForged as error:
            print(f"line {number} {error}")
            status = FOUND
            continue
        good += 1
        if not isinstance(said, Archive):
            last[said.chain] = max(said.seq, last.get(said.chain, 0))
    print(
        f"{good} good", *(f"chain {chain} to record {seq}" for chain, seq in sorted(last.items())), sep="; "
    )
    return status


async def _evidence(arguments: Namespace) -> AsyncIterator[audit_pb2.VerifyAuditRequest]:
    for name in arguments.checkpoints:
        request = audit_pb2.VerifyAuditRequest(source=Path(name).name)
        for number, line in _statements(Path(name)):
            # Numbers are of the file, so a gap between statements begins another message.
            if len(request.lines) and number != request.first_line + len(request.lines):
                yield request
                request = audit_pb2.VerifyAuditRequest(source=Path(name).name)
            if not request.lines:
                request.first_line = number
            request.lines.append(line)
            if len(request.lines) == _LINES:
                yield request
                request = audit_pb2.VerifyAuditRequest(source=Path(name).name)
        yield request
    if arguments.archives:
        yield audit_pb2.VerifyAuditRequest(archives=_archives(Path(arguments.archives)))


def _archives(folder: Path) -> list[audit_pb2.AuditArchive]:
    files = []
    for path in sorted(folder.glob("audit-????-??.jsonl")):
        records, sha256 = _digest(path)
        month = path.stem.removeprefix("audit-")
        files.append(audit_pb2.AuditArchive(month=month, records=records, sha256=sha256))
    return files


def _statements(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are, or claim to be, signed statements."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if '"signature"' in line or "audit.statement" in line:
                yield number, line


def _digest(path: Path) -> tuple[int, str]:
    digest, records = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
            records += piece.count(b"\n")
    return records, digest.hexdigest()


def _told(summary: audit_pb2.AuditSummary) -> str:
    return (
        f"{summary.records} records in {summary.chains} chains, {summary.archived_records} archived, "
        f"{summary.checkpoints} checkpoints: {summary.findings or 'no'} finding"
        f"{'' if summary.findings == 1 else 's'}"
    )
