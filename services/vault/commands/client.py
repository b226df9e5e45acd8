"""How commands call the vault with the operator's certificate; `managed-key` and `status`."""

import asyncio
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
from smelt.vault.v1 import operator_pb2, operator_pb2_grpc

from services.common import identity
from services.common.rpc.errors import error_from_rpc
from services.common.rpc.tls import channel
from services.common.settings import load, read_secret
from services.vault.settings import OperatorSettings

RPC_SECONDS = 15.0
Stub = operator_pb2_grpc.OperatorServiceStub


def managed_key(arguments: Namespace) -> int:
    """Store or replace the operator's provider key."""
    secret = read_secret(Path(arguments.secret_file))

    async def call(stub: Stub) -> str:
        answer = await stub.SetManagedApiKey(
            operator_pb2.SetManagedApiKeyRequest(
                secret=secret,
                base_url=arguments.base_url,
                kind=arguments.kind.replace("-", "_").upper(),
                timeout_seconds=arguments.timeout,
            ),
            timeout=RPC_SECONDS,
        )
        return f"stored the managed key ...{answer.hint} for {answer.base_url}"

    return call_vault(call)


def status(arguments: Namespace) -> int:
    """Print the state of the vault; exit with 0 if it serves, 1 if it or a waiting service does not."""
    works = False

    async def call(stub: Stub) -> str:
        nonlocal works
        answer = await stub.GetVaultStatus(operator_pb2.GetVaultStatusRequest(), timeout=RPC_SECONDS)
        works = not (answer.sealed or answer.not_ready or answer.waiting_services)
        return "\n".join(
            (
                f"sealed: yes, {answer.sealed_because}" if answer.sealed else "sealed: no",
                *([f"not ready: {answer.not_ready}"] if answer.not_ready else ()),
                *(f"waiting: {why}" for why in answer.waiting_services),
                f"installation: {answer.installation or 'none'}",
                f"root key: {answer.root_key_id or 'none'}",
                f"wrapping key version: {answer.wrapping_key_version}",
                f"oldest version accepted: {answer.wrapping_key_minimum_version}",
                f"uses of this version: {answer.wrapping_key_uses}",
                f"keys left to rewrap: {answer.wrapping_keys_left}",
                f"retired account keys: {answer.retired_account_keys}",
            )
        )

    return call_vault(call) or int(not works)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 account` or `2 accounts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def call_vault(
    call: Callable[[Any], Awaitable[str | None]], stub: Callable[[grpc.aio.Channel], Any] = Stub
) -> int:
    """Print the result of the calls, or why the vault refused; return the exit status."""
    settings = load(OperatorSettings)

    async def ask() -> int:
        async with channel(settings, identity.VAULT, settings.vault_address) as to_vault:
            try:
                if (text := await call(stub(to_vault))) is not None:
                    print(text)
            except grpc.aio.AioRpcError as error:
                failed = error_from_rpc(error)
                print(f"{failed.reason}: {failed.message}", file=sys.stderr)
                return 1
        return 0

    return asyncio.run(ask())
