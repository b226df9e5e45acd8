"""Files as a server: its parts put together."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from services.common import database, identity
from services.common.clock import DatabaseClock
from services.common.ids import new_id
from services.common.peers.auth import AuthSessions
from services.common.peers.vault import VaultAccountKeys, VaultKeys, VaultPageKey
from services.common.rewrap import Rewrapping
from services.common.rpc import server, tls
from services.common.rpc.open_streams import OpenStreams
from services.common.servicers.privacy import PrivacyServicer
from services.common.settings import read_secret
from services.common.tokens import TokenVerifier
from services.files.exports.exports import Exports
from services.files.exports.store import ExportStore
from services.files.library.library import Library
from services.files.library.refused_uploads import Keeping, RefusedUploads
from services.files.library.reparses import Reparses
from services.files.library.sender import Pace
from services.files.library.store.files import FileStore
from services.files.library.store.refused import RefusedStore
from services.files.library.store.retention import RetentionStore
from services.files.library.uploads import UploadLimits, Uploads
from services.files.objects.discards import Discards
from services.files.objects.keyed import KeyedObjects
from services.files.objects.s3 import S3Access, S3Objects
from services.files.parsing.confinement import Confinement
from services.files.parsing.places import Places, Shares
from services.files.parsing.threads import ParsingThreads, Workbooks
from services.files.peers.vault import VaultDataKeys
from services.files.policy import POLICY
from services.files.privacy.part import FilesPart
from services.files.privacy.store import AccountObjectStore
from services.files.reading.reader import Limits
from services.files.results.results import Results
from services.files.results.store import ResultStore
from services.files.servicers.exports import ExportFileServicer, ExportStoreServicer
from services.files.servicers.files import FileServicer
from services.files.servicers.results import ResultServicer
from services.files.servicers.rows import RowServicer
from services.files.settings import FilesSettings
from services.files.sweep.lost import Census, Holder, look
from services.files.sweep.store import LostStore, SweepStore
from services.files.sweep.sweep import Sweep, SweepTimes
from services.files.workbooks.table import TableLimits
from services.files.workbooks.workbook import WorkbookLimits
from services.files.wrapped_keys import WrappedKeyStore


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
    """Return the limits of an upload."""
    return UploadLimits(
        max_bytes=settings.max_upload_bytes,
        max_files=settings.max_files,
        seconds=settings.upload_seconds,
        pace=Pace(settings.upload_least_bytes_per_second),
        csv=Limits(
            max_columns=settings.max_columns,
            max_rows=settings.max_rows,
            max_field_bytes=settings.max_field_bytes,
            max_row_bytes=settings.max_row_bytes,
        ),
    )


def workbooks(settings: FilesSettings) -> Workbooks:
    """Return how workbooks are read; their table has the limits of any file."""
    table = TableLimits(
        max_rows=settings.max_rows,
        max_bytes=settings.max_upload_bytes,
        max_row_bytes=settings.max_row_bytes,
        max_field_bytes=settings.max_field_bytes,
    )
    return Workbooks(
        WorkbookLimits(settings.max_workbook_bytes, settings.max_columns, table),
        Confinement(settings.workbook_memory_bytes, settings.workbook_seconds),
        at_once=settings.workbooks_at_once,
    )


def shares(settings: FilesSettings) -> Shares:
    """Return how many files are read at once, and how many of them for one account or network."""
    of_all = settings.uploads_at_once
    return Shares(
        of_all,
        of_account=settings.uploads_per_account or -(-of_all // 2),
        of_network=settings.uploads_per_address or -(-3 * of_all // 4),
    )


async def assemble(settings: FilesSettings, opened: server.Opened) -> server.Parts:
    """Construct everything."""
    channel = opened.keep(tls.channel(settings, identity.VAULT, settings.vault_address))
    engine = opened.keep(database.engine(read_secret(settings.database_url_file)), "dispose")
    clock = DatabaseClock(partial(database.time_of, engine))
    await clock.learn_if_possible()
    now = clock.now
    public_keys = VaultKeys(channel)
    verifier = TokenVerifier(public_keys, clock.seconds)
    keys = VaultDataKeys(channel)
    auth = opened.keep(tls.channel(settings, identity.AUTH, settings.auth_address))
    transactions = database.sessions(engine)
    keep = timedelta(days=settings.discard_delay_days)
    files, records = (
        FileStore(transactions, now=now, keep=keep),
        SweepStore(engine, transactions, now=now),
    )
    objects = bucket(settings)
    # Separate pools: a writer of results waits for rows, so rows must not wait for writers.
    readers, writers = (
        ThreadPoolExecutor(settings.object_threads, thread_name_prefix=name) for name in ("read", "write")
    )
    for executor in (readers, writers):
        opened.push_async_callback(asyncio.to_thread, executor.shutdown, cancel_futures=True)
    discards = Discards(objects, readers, forget=records.forget, keeps=bool(keep))
    library = Library(files, objects, keys=keys, discards=discards, executor=readers)
    threads = opened.keep(
        ParsingThreads(
            settings.uploads_at_once, processes=settings.parsing_processes, workbooks=workbooks(settings)
        )
    )
    places = Places(shares(settings))
    limits = upload_limits(settings)
    refused_store = RefusedStore(transactions, now=now)
    refused = RefusedUploads(
        refused_store,
        objects,
        discards=discards,
        threads=threads,
        limits=limits.csv,
        keeping=Keeping(settings.max_refused_uploads, timedelta(seconds=settings.refused_upload_seconds)),
        seconds=limits.seconds,
        clock=now,
    )
    uploads = Uploads(
        files,
        objects,
        keys=keys,
        discards=discards,
        places=places,
        threads=threads,
        limits=limits,
        refused=refused,
        clock=now,
        new_id=new_id,
    )
    reparses = Reparses(
        files,
        objects,
        keys=keys,
        places=places,
        threads=threads,
        readers=readers,
        discards=discards,
        limits=limits.csv,
        max_bytes=limits.max_bytes,
        seconds=limits.seconds,
        refused=refused,
        most_files=limits.max_files,
        new_id=new_id,
    )
    keyed = KeyedObjects(
        objects, keys=keys, discards=discards, writers=writers, readers=readers, new_id=new_id
    )
    results = Results(
        ResultStore(transactions, now=now, keep=keep),
        keyed,
        discards=discards,
        max_bytes=settings.max_result_bytes,
        clock=now,
    )
    exports = Exports(ExportStore(transactions, now=now), keyed, discards=discards, clock=now)
    part = FilesPart(
        transactions,
        AccountObjectStore(transactions, now=now),
        library=library,
        results=results,
        refused=refused_store,
        discards=discards,
    )
    retention = RetentionStore(
        transactions, installation_days=settings.file_retention_days, now=now, keep=keep
    )
    sweep = Sweep(
        records,
        objects,
        retention=retention,
        discards=discards,
        executor=readers,
        times=SweepTimes(
            every_seconds=settings.sweep_seconds,
            temporary=timedelta(seconds=settings.temporary_result_seconds),
            refused=timedelta(seconds=settings.refused_upload_seconds),
            orphan=timedelta(seconds=settings.orphan_seconds),
            orphans_every=timedelta(seconds=settings.orphan_seconds),
            keep=keep,
        ),
        clock=now,
    )

    return server.Parts(
        policy=POLICY,
        servicers=[
            FileServicer(library, uploads, reparses, retention),
            RowServicer(library),
            ResultServicer(results),
            ExportFileServicer(exports),
            ExportStoreServicer(exports),
            PrivacyServicer(part),
        ],
        verifier=verifier,
        pages=VaultPageKey(channel),
        ready_checks=[
            clock.learn,
            lambda: asyncio.to_thread(objects.ensure_bucket),
            public_keys.known,
        ],
        background=[sweep.run, Rewrapping(VaultAccountKeys(channel), WrappedKeyStore(transactions)).run],
        streams=OpenStreams(AuthSessions(auth)),
    )


async def look_for_lost(settings: FilesSettings) -> Mapping[Holder, Census]:
    """Mark the files and results whose objects the bucket no longer has; return what was found."""
    engine = database.engine(read_secret(settings.database_url_file), pool_size=1)
    objects = bucket(settings)
    try:
        return await look(LostStore(database.sessions(engine)), objects)
    finally:
        objects.close()
        await engine.dispose()
