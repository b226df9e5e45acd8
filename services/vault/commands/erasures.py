"""The operator's command `erasures`: what was erased, and erasing it again after a restore."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable

import grpc
from smelt.vault.v1 import erasure_pb2, erasure_pb2_grpc

from services.common import identity
from services.common.rpc.errors import error_from_rpc
from services.common.rpc.tls import channel
from services.common.settings import load
from services.vault.settings import OperatorSettings

_LIST_SECONDS = 60.0
_REPLAY_SECONDS = 600.0
_PAGE = 1000
Stub = erasure_pb2_grpc.ErasureLedgerServiceStub


def listed(_: Namespace) -> int:
    """Print the erasure ledger, oldest first; return 1 when an entry is not what was written."""

    async def call(stub: Stub) -> None:
        token = ""
        while True:
            page = await stub.ListErasures(
                erasure_pb2.ListErasuresRequest(page_size=_PAGE, page_token=token), timeout=_LIST_SECONDS
            )
            for each in page.erasures:
                kind = erasure_pb2.Erasure.Kind.Name(each.kind)
                time = each.time.ToDatetime().isoformat(timespec="seconds")
                print(each.seq, f"{time}Z", kind, *filter(None, (each.account, each.object)), sep="\t")
            token = page.next_page_token
            if not token:
                return

    return _run(call)


def replay(_: Namespace) -> int:
    """Carry every tombstone out again after a restore, and make the vault ready; return the exit status."""

    async def call(stub: Stub) -> None:
        answer = await stub.ReplayErasures(erasure_pb2.ReplayErasuresRequest(), timeout=_REPLAY_SECONDS)
        print(
            f"replayed {answer.accounts} accounts and {answer.api_keys} API keys; "
            f"{answer.destroyed} accounts still had a key here"
        )

    return _run(call)


def _run(call: Callable[[Stub], Awaitable[None]]) -> int:
    settings = load(OperatorSettings)

    async def ask() -> int:
        async with channel(settings, identity.VAULT, settings.vault_address) as to_vault:
            try:
                await call(Stub(to_vault))
            except grpc.aio.AioRpcError as error:
                failed = error_from_rpc(error)
                print(f"{failed.reason}: {failed.message}", file=sys.stderr)
                return 1
        return 0

    return asyncio.run(ask())
