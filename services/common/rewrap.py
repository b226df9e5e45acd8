"""An owner's part in the rotation of account keys: its wrapped data keys are wrapped anew by the vault.

No key is opened for this. What the vault gives back is stored only in the place of what it was made from, so
that several replicas, and a repetition after a crash, do no harm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import grpc
from smelt.vault.v1 import data_keys_pb2, data_keys_pb2_grpc
from sqlalchemy.exc import SQLAlchemyError

from services.common.errors import DomainError, Kind
from services.common.grpc_errors import peer_errors
from services.common.logs import describe, log

_LOOK_SECONDS = 5.0
_RPC_SECONDS = 10.0
_BATCH = 50


class Purpose(Enum):
    """What a data key encrypts."""

    FILE = data_keys_pb2.DataKeyContext.FILE
    JOB = data_keys_pb2.DataKeyContext.JOB
    RESULT = data_keys_pb2.DataKeyContext.RESULT
    EXPORT = data_keys_pb2.DataKeyContext.EXPORT
    WEBHOOK = data_keys_pb2.DataKeyContext.WEBHOOK


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A wrapped data key, by what it is bound to; `place` is what else its owner knows it by."""

    purpose: Purpose
    object: str
    generation: int
    place: tuple[str, ...]
    wrapped: bytes = field(repr=False)


class WrappedKeys(Protocol):
    """Where an owner keeps wrapped keys; raises Unavailable."""

    async def outdated(
        self, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
    ) -> Sequence[WrappedKey]:
        """Return an account's keys that do not start with the prefix, in a fixed order, from `after` on."""
        ...

    async def replace(self, account: str, old: WrappedKey, new: bytes) -> None:
        """Store a key that was wrapped anew, if it is still what it was."""
        ...


class Rewrapping:
    """Asks the vault, again and again, which accounts' keys are to be left behind, and does its part."""

    def __init__(self, channel: grpc.aio.Channel, keys: WrappedKeys) -> None:
        self._vault = data_keys_pb2_grpc.DataKeyServiceStub(channel)
        self._keys = keys

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.once()
            except (DomainError, SQLAlchemyError) as error:
                # What was not done is listed again.
                log.warning("rewrap.failed", **describe(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def once(self) -> None:
        """Leave behind what the vault lists now."""
        after = ""
        while accounts := await self._accounts(after):
            for account in accounts:
                try:
                    await self._leave(account)
                except DomainError as error:
                    if error.kind is Kind.UNAVAILABLE:
                        raise
                    # One that is erased meanwhile is no reason to leave out the others.
                    log.warning("rewrap.refused", reason=error.reason)
            after = accounts[-1].account

    async def _leave(self, account: data_keys_pb2.RetiringAccount) -> None:
        last: WrappedKey | None = None
        count = closed = 0
        while batch := await self._keys.outdated(
            account.account, prefix=account.prefix, after=last, most=_BATCH
        ):
            last = batch[-1]
            for old, new in zip(batch, await self._rewrapped(account.account, batch), strict=True):
                if new:
                    await self._keys.replace(account.account, old, new)
                    count += 1
                else:
                    log.error("rewrap.key_does_not_open", object=old.object)
                    closed += 1
        # A key that does not open keeps its epoch: whoever repairs the row finds it readable.
        if not closed and not await self._keys.outdated(
            account.account, prefix=account.prefix, after=None, most=1
        ):
            await self._confirm(account)
        log.info("rewrap.account", count=count, closed=closed)

    async def _accounts(self, after: str) -> Sequence[data_keys_pb2.RetiringAccount]:
        request = data_keys_pb2.ListRetiringAccountsRequest(after=after)
        async with peer_errors():
            found = await self._vault.ListRetiringAccounts(request, timeout=_RPC_SECONDS)
        accounts: Sequence[data_keys_pb2.RetiringAccount] = found.accounts
        return accounts

    async def _rewrapped(self, account: str, batch: Sequence[WrappedKey]) -> Sequence[bytes]:
        request = data_keys_pb2.RewrapDataKeysRequest(
            account=account,
            keys=[
                data_keys_pb2.WrappedDataKey(
                    context=data_keys_pb2.DataKeyContext(
                        purpose=key.purpose.value, object=key.object, generation=key.generation
                    ),
                    wrapped_key=key.wrapped,
                )
                for key in batch
            ],
        )
        async with peer_errors():
            answer = await self._vault.RewrapDataKeys(request, timeout=_RPC_SECONDS)
        anew: Sequence[bytes] = answer.wrapped_keys
        return anew

    async def _confirm(self, account: data_keys_pb2.RetiringAccount) -> None:
        request = data_keys_pb2.ConfirmRewrappedRequest(account=account.account, epoch=account.epoch)
        async with peer_errors():
            await self._vault.ConfirmRewrapped(request, timeout=_RPC_SECONDS)
