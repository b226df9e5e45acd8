"""The operator's commands below `rotate`: each calls the vault until the rotation is done."""

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc
from smelt.vault.v1 import operator_pb2

from services.vault.commands.client import RPC_SECONDS, Stub, call_vault, counted

T = TypeVar("T")

# A vault that restarts in the meantime continues the rotation. After a minute of failures the command gives
# up.
_MOST_FAILURES = 60
_PAUSE_SECONDS = 1.0


def add_commands(parser: ArgumentParser) -> None:
    """Add the commands below `rotate`."""
    keys = parser.add_subparsers(required=True, metavar="key")
    for command in (wrapping, root):
        keys.add_parser(command.__name__, help=command.__doc__).set_defaults(run=command)
    of_account = keys.add_parser("account", help=account.__doc__)
    of_account.add_argument(
        "account", nargs="?", default="", help="The account's id; all accounts if left out"
    )
    of_account.set_defaults(run=account)


def wrapping(_: Namespace) -> int:
    """Replace the wrapping key."""

    async def call(stub: Stub) -> str:
        status = await _status(stub)
        wanted = operator_pb2.RotateWrappingKeyRequest(from_version=status.wrapping_key_version)
        while True:
            answer = await _asked(lambda: stub.RotateWrappingKey(wanted, timeout=RPC_SECONDS))
            if answer.done:
                return (
                    f"the wrapping key now has version {answer.version}; "
                    f"version {wanted.from_version} is destroyed"
                )
            print(f"version {answer.version}: {counted(answer.keys_left, 'key')} left to rewrap", flush=True)
            await asyncio.sleep(_PAUSE_SECONDS)

    return call_vault(call)


def root(_: Namespace) -> int:
    """Replace the root key."""

    async def call(stub: Stub) -> str:
        status = await _status(stub)
        wanted = operator_pb2.RotateRootKeyRequest(from_root_key_id=status.root_key_id)
        while True:
            answer = await _asked(lambda: stub.RotateRootKey(wanted, timeout=RPC_SECONDS))
            if answer.done:
                return f"the root key is now {answer.root_key_id}; {wanted.from_root_key_id} is destroyed"
            await asyncio.sleep(_PAUSE_SECONDS)

    return call_vault(call)


def account(arguments: Namespace) -> int:
    """Replace the key of one account, or of all accounts."""

    async def call(stub: Stub) -> str:
        wanted = operator_pb2.RotateAccountKeysRequest(account=arguments.account)
        count = 0
        while True:
            answer = await _asked(lambda: stub.RotateAccountKeys(wanted, timeout=RPC_SECONDS))
            count += answer.rotated
            wanted.made_before.CopyFrom(answer.made_before)
            if answer.done:
                return (
                    f"gave {counted(count, 'account')} a new key; "
                    "older keys are destroyed once nothing needs them (see status)"
                )

    return call_vault(call)


async def _status(stub: Stub) -> operator_pb2.GetVaultStatusResponse:
    answer: operator_pb2.GetVaultStatusResponse = await _asked(
        lambda: stub.GetVaultStatus(operator_pb2.GetVaultStatusRequest(), timeout=RPC_SECONDS)
    )
    return answer


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    """Return the answer, and wait for a vault that is away for a while; raise AioRpcError."""
    for _ in range(_MOST_FAILURES):
        try:
            return await ask()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    return await ask()
