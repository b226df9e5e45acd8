"""Rotation of the wrapping key over 100,000 account keys, while the vault keeps serving."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import psycopg
from smelt.vault.v1 import data_keys_pb2, data_keys_pb2_grpc, operator_pb2, operator_pb2_grpc

from deploy.local.layout import Layout
from services.common.database import plain_url
from services.common.settings import read_secret
from services.vault.keys.installation import Installation
from services.vault.keys.keyring import open_keyring
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootKeyFile
from tests.bench.figures import Figure
from tests.e2e.api import register, tls
from tests.support.stack import Stack
from tests.support.wire import channel, passport

KEYS = 100_000
MOST_SECONDS = 20.0
_CONTEXT = data_keys_pb2.DataKeyContext(
    purpose=data_keys_pb2.DataKeyContext.FILE, object="files/bench", generation=1
)
_NAMED = "SELECT id, root_key_id, wrapping_version, wrapping_minimum, wrapping_uses FROM installation"
_COPY = "COPY account_keys (account, epoch, state, wrapped, uses, create_time) FROM STDIN"


def _fill(stack: Stack) -> None:
    """Give 100,000 accounts a key under the current version."""
    layout = Layout(stack.state_dir)
    with psycopg.connect(
        plain_url(read_secret(layout.secrets / "keystore-database.url")), autocommit=True
    ) as connection:
        row = connection.execute(_NAMED).fetchone()
        assert row
        # The vault reads only its own files, so as root this has to become its user for a moment.
        own = os.geteuid()
        os.seteuid(layout.vault.stat().st_uid)
        try:
            ring = open_keyring(
                RootKeyFile(layout.vault / "root.key"),
                WrappingFile(layout.vault / "wrapping.key"),
                Installation(*row),
            )
        finally:
            os.seteuid(own)
        with connection.cursor().copy(_COPY) as rows:
            for number in range(KEYS):
                account = f"bench{number:021d}"
                wrapped = ring.new_account_key(account, 1)
                rows.write_row((account, 1, "active", wrapped, 0, datetime.now(UTC)))
        ring.wipe()


async def _serving(stack: Stack, shown: str, took: list[float], ended: asyncio.Event) -> None:
    """Create data keys and unwrap them, one after the other, until told to stop."""
    metadata = (("x-smelt-passport", shown),)
    async with channel(stack, "vault", "files") as through:
        stub = data_keys_pb2_grpc.DataKeyServiceStub(through)
        while not ended.is_set():
            begun = time.perf_counter()
            made = await stub.CreateDataKey(
                data_keys_pb2.CreateDataKeyRequest(context=_CONTEXT), metadata=metadata, timeout=10
            )
            opened = await stub.OpenDataKey(
                data_keys_pb2.OpenDataKeyRequest(context=_CONTEXT, wrapped_key=made.wrapped_key),
                metadata=metadata,
                timeout=10,
            )
            assert opened.key == made.key
            took.append((time.perf_counter() - begun) / 2)
            await asyncio.sleep(0.02)


async def _rotated(stack: Stack) -> float:
    """Rotate the wrapping key; return the seconds it took."""
    async with channel(stack, "vault", "operator") as through:
        stub = operator_pb2_grpc.OperatorServiceStub(through)
        status = await stub.GetVaultStatus(operator_pb2.GetVaultStatusRequest(), timeout=10)
        request = operator_pb2.RotateWrappingKeyRequest(from_version=status.wrapping_key_version)
        begun = time.perf_counter()
        while not (await stub.RotateWrappingKey(request, timeout=15)).done:
            pass
        return time.perf_counter() - begun


async def _measure(stack: Stack) -> list[Figure]:
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=60, trust_env=False) as http:
        shown = await passport(stack, register(http).token)
    await asyncio.to_thread(_fill, stack)
    took: list[float] = []
    ended = asyncio.Event()
    serving = asyncio.ensure_future(_serving(stack, shown, took, ended))
    try:
        seconds = await _rotated(stack)
    finally:
        ended.set()
        await serving
    cuts = [1000 * each for each in statistics.quantiles(took, n=100)]
    return [
        Figure(
            "seconds to rewrap 100,000 account keys",
            seconds,
            MOST_SECONDS,
            f"{2 * len(took)} calls meanwhile, none failed; p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms",
            above=False,
        )
    ]


def run(stack: Stack) -> Iterator[Figure]:
    """Measure one rotation of the wrapping key."""
    yield from asyncio.run(_measure(stack))
