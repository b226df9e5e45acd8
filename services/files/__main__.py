"""Starts files: `serve`, or `migrate` its database."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop
from smelt.files.v1 import exports_pb2_grpc, files_pb2_grpc, results_pb2_grpc, rows_pb2_grpc
from smelt.privacy.v1 import privacy_pb2_grpc

from services.common import database, garbage, identity, logs
from services.common.ids import new_id
from services.common.peers.auth import AuthSessions
from services.common.peers.vault import VaultAccountKeys, VaultKeys
from services.common.rewrap import Rewrapping
from services.common.rpc import server, tls
from services.common.rpc.health import ReadyCheck
from services.common.rpc.open_streams import OpenStreams
from services.common.servicers.privacy import PrivacyServicer
from services.common.settings import DatabaseSettings, load, read_secret
from services.common.store import migrations
from services.common.tokens import TokenVerifier
from services.files import malloc
from services.files.exports.exports import Exports
from services.files.exports.store import ExportStore
from services.files.library.library import Library
from services.files.library.reparses import Reparses
from services.files.library.store.files import FileStore
from services.files.library.store.retention import RetentionStore
from services.files.library.uploads import UploadLimits, Uploads
from services.files.objects.discards import Discards
from services.files.objects.s3 import S3Access, S3Objects
from services.files.parsing.threads import ParsingThreads
from services.files.peers.vault import VaultDataKeys
from services.files.policy import POLICY
from services.files.privacy.part import FilesPart
from services.files.privacy.store import OwnedStore
from services.files.reading.reader import Limits
from services.files.results.results import Results
from services.files.results.store import ResultStore
from services.files.servicers.exports import ExportFileServicer, ExportStoreServicer
from services.files.servicers.files import FileServicer
from services.files.servicers.results import ResultServicer
from services.files.servicers.rows import RowServicer
from services.files.settings import FilesSettings
from services.files.sweep.store import SweepStore
from services.files.sweep.sweep import Sweep, SweepTimes
from services.files.wrapped_keys import WrappedKeyStore

MIGRATIONS = Path(__file__).with_name("migrations")
#: Threads that parse give the event loop its turn this often.
_SWITCH_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Parts:
    """What files is made of, ready to be served."""

    servicers: Sequence[server.Registration]
    verifier: TokenVerifier
    ready_checks: Sequence[ReadyCheck]
    background: Sequence[Callable[[], Awaitable[None]]]
    on_stop: Sequence[Callable[[], Awaitable[None]]]
    streams: OpenStreams


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def bucket(settings: FilesSettings) -> S3Objects:
    """Construct the client of the bucket."""
    access = S3Access(
        endpoint=settings.s3_endpoint,
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        access_key=read_secret(settings.s3_access_key_file),
        secret_key=read_secret(settings.s3_secret_key_file),
    )
    return S3Objects(access, connections=settings.uploads_at_once + 2 * settings.object_threads)


def upload_limits(settings: FilesSettings) -> UploadLimits:
    """Return how much one upload may hold."""
    return UploadLimits(
        max_bytes=settings.max_upload_bytes,
        seconds=settings.upload_seconds,
        csv=Limits(
            max_columns=settings.max_columns,
            max_rows=settings.max_rows,
            max_field_bytes=settings.max_field_bytes,
            max_row_bytes=settings.max_row_bytes,
        ),
    )


def assemble(settings: FilesSettings) -> Parts:
    """Construct everything; nothing is opened yet."""
    channel = tls.channel(settings, identity.VAULT, settings.vault_address)
    public_keys = VaultKeys(channel)
    verifier = TokenVerifier(public_keys)
    keys = VaultDataKeys(channel)
    auth = tls.channel(settings, identity.AUTH, settings.auth_address)
    engine = database.engine(read_secret(settings.database_url_file))
    transactions = database.sessions(engine)
    files, remains = FileStore(transactions, now=now), SweepStore(engine, transactions, now=now)
    objects = bucket(settings)
    # Readers and writers apart: who writes a result waits for rows, which must not wait for writers.
    readers = ThreadPoolExecutor(settings.object_threads, thread_name_prefix="read")
    writers = ThreadPoolExecutor(settings.object_threads, thread_name_prefix="write")
    discards = Discards(objects, readers, forget=remains.forget)
    library = Library(files, objects, keys=keys, discards=discards, executor=readers)
    threads = ParsingThreads(settings.uploads_at_once, processes=settings.parsing_processes)
    limits = upload_limits(settings)
    uploads = Uploads(
        files,
        objects,
        keys=keys,
        discards=discards,
        threads=threads,
        limits=limits,
        clock=now,
        new_id=new_id,
    )
    reparses = Reparses(
        files,
        objects,
        keys=keys,
        threads=threads,
        readers=readers,
        limits=limits.csv,
        seconds=limits.seconds,
    )
    results = Results(
        ResultStore(transactions, now=now),
        objects,
        keys=keys,
        discards=discards,
        writers=writers,
        readers=readers,
        max_bytes=settings.max_result_bytes,
        clock=now,
        new_id=new_id,
    )
    exports = Exports(
        ExportStore(transactions, now=now),
        objects,
        keys=keys,
        discards=discards,
        writers=writers,
        readers=readers,
        clock=now,
        new_id=new_id,
    )
    part = FilesPart(
        transactions,
        OwnedStore(transactions, now=now),
        library=library,
        results=results,
        discards=discards,
    )
    retention = RetentionStore(transactions, installation_days=settings.file_retention_days, now=now)
    sweep = Sweep(
        remains,
        objects,
        retention=retention,
        discards=discards,
        executor=readers,
        times=SweepTimes(
            every_seconds=settings.sweep_seconds,
            temporary=timedelta(seconds=settings.temporary_result_seconds),
            orphan=timedelta(seconds=settings.orphan_seconds),
            orphans_every=timedelta(seconds=settings.orphan_seconds),
        ),
        clock=now,
    )

    async def object_store_answers() -> None:
        await asyncio.to_thread(objects.ensure_bucket)

    async def vault_is_known() -> None:
        await public_keys.current()

    async def stop_threads() -> None:
        for executor in (readers, writers):
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)

    return Parts(
        servicers=[
            (
                files_pb2_grpc.add_FileServiceServicer_to_server,
                FileServicer(library, uploads, reparses, retention),
            ),
            (rows_pb2_grpc.add_RowServiceServicer_to_server, RowServicer(library)),
            (results_pb2_grpc.add_ResultServiceServicer_to_server, ResultServicer(results)),
            (exports_pb2_grpc.add_ExportFileServiceServicer_to_server, ExportFileServicer(exports)),
            (exports_pb2_grpc.add_ExportStoreServiceServicer_to_server, ExportStoreServicer(exports)),
            (privacy_pb2_grpc.add_PrivacyServiceServicer_to_server, PrivacyServicer(part)),
        ],
        verifier=verifier,
        ready_checks=[lambda: database.ping(engine), object_store_answers, vault_is_known],
        background=[sweep.run, Rewrapping(VaultAccountKeys(channel), WrappedKeyStore(transactions)).run],
        on_stop=[threads.close, stop_threads, engine.dispose, channel.close, auth.close],
        streams=OpenStreams(AuthSessions(auth)),
    )


async def serve(settings: FilesSettings) -> None:
    """Serve until told to stop."""
    malloc.keep_small()
    sys.setswitchinterval(_SWITCH_SECONDS)
    parts = assemble(settings)
    await server.serve(
        settings,
        POLICY,
        servicers=parts.servicers,
        verifier=parts.verifier,
        ready_checks=parts.ready_checks,
        background=parts.background,
        on_stop=parts.on_stop,
        streams=parts.streams,
    )


def main(arguments: Sequence[str]) -> None:
    """Run the command; exit with 2 for one that does not exist."""
    if list(arguments) not in (["serve"], ["migrate"]):
        print("usage: python -m services.files serve|migrate", file=sys.stderr)
        raise SystemExit(2)
    if arguments[0] == "migrate":
        migrations.upgrade(MIGRATIONS, read_secret(load(DatabaseSettings).database_url_file))
    else:
        settings = load(FilesSettings)
        logs.configure("files", settings.log_level)
        uvloop.run(serve(settings))


if __name__ == "__main__":
    garbage.leave_imports_alone()
    main(sys.argv[1:])
