"""Ends the batches of a job that has ended before they did: at the provider, and then the job's grant.

A trigger queues this in the transaction that ends the job. Taking each shard's fence first makes sure that no
worker records a further call; a batch that was being made just then is looked for by its mark.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import log
from services.processor.economy.batch import Batch, State, ranges
from services.processor.economy.keys import BatchKeys, Ends
from services.processor.jobs.grants import end_grant
from services.processor.opened_grants import OpenedGrants
from services.processor.outside import ReleasesApiKeys, RevokesGrants, by_grant
from services.processor.provider.addresses import AddressNotAllowed
from services.processor.provider.batches import BatchCallFailed, Batches
from services.processor.provider.failures import BATCHES_UNSUPPORTED, Verdict
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Again, TryAgain

#: How often a batch is looked for whose making was not answered.
_LOOKS = 2


@dataclass(frozen=True, slots=True)
class EndedJob:
    """What is needed of a job that has ended."""

    account: str
    api_key: str
    sealed_grant: bytes | None
    grant: str
    grant_id: str


class EndedBatches(Protocol):
    """Batches of jobs that have ended."""

    async def ended(self, job: str) -> EndedJob | None: ...
    def open(self, job: str, about: EndedJob) -> AsyncIterator[tuple[Claim, Batch]]:
        """Yield the job's batches that are not done, each with a claim under a new fence."""
        ...

    async def looked(self, claim: Claim, batch: Batch) -> None: ...
    async def end(self, claim: Claim, batch: Batch) -> None: ...


class BatchEndings:
    """Ends the batches of jobs."""

    def __init__(
        self,
        store: EndedBatches,
        *,
        grants: OpenedGrants,
        keys: ReleasesApiKeys,
        batches: Batches,
        vault: RevokesGrants,
        again_seconds: float,
    ) -> None:
        self._store = store
        self._grants = grants
        self._keys = keys
        self._batches = batches
        self._vault = vault
        self._again_seconds = again_seconds

    async def end(self, job: str) -> None:
        """Cancel a job's batches and end its grant; raise TryAgain if that cannot be known to be done."""
        about = await self._store.ended(job)
        if about is None:
            return
        try:
            token = await self._grants.open(about.sealed_grant, older=about.grant)
        except DomainError as error:
            log.warning("batches.not_cancelled", job=job, reason=error.reason)
            return
        about, again = replace(about, grant=token), False
        async for claim, batch in self._store.open(job, about):
            again |= not await self._ended(claim, batch)
        if again:
            raise TryAgain(self._again_seconds)
        await end_grant(self._vault, about.grant_id, by_grant(token))

    async def _ended(self, claim: Claim, batch: Batch) -> bool:
        """End one batch; return whether that is over, be it that it cannot be ended."""
        keys = BatchKeys(self._keys, claim)
        try:
            if not await self._cancelled(claim, batch, keys):
                return False
        except Ends as ends:
            if isinstance(ends.ending, Again):
                return False
            self._left(claim, batch, type(ends.ending).__name__)
        except AddressNotAllowed as error:
            self._left(claim, batch, error.reason)
        except BatchCallFailed as error:
            if error.failure.verdict in (Verdict.AGAIN, Verdict.RATE):
                return False
            self._left(claim, batch, error.failure.reason)
        await self._store.end(claim, batch)
        return True

    async def _cancelled(self, claim: Claim, batch: Batch, keys: BatchKeys) -> bool:
        ids = [batch.remote] if batch.state is State.SENT else []
        if batch.state is State.MAKING or batch.is_repeated:
            try:
                found = await self._batches.find(await keys.place(batch.step), batch.mark)
            except BatchCallFailed as error:
                if error.failure.reason != BATCHES_UNSUPPORTED.reason:
                    raise
                found = []
            ids = [*dict.fromkeys([*ids, *(each.id for each in found)])]
        for id_ in ids:
            await self._batches.cancel(await keys.place(batch.step), id_)
            log.info("batch.cancelled", job=claim.job, shard=claim.number, batch=batch.mark)
        if not ids and batch.state is State.MAKING and batch.looks < _LOOKS:
            await self._store.looked(claim, batch)
            return False
        files = [batch.input_file, batch.output_file, batch.error_file]
        if batch.state is State.NEW:
            files += await self._batches.find_files(await keys.place(batch.step), batch.file_name)
        for file in filter(None, files):
            await self._batches.delete_file(await keys.place(batch.step), file)
        return True

    @staticmethod
    def _left(claim: Claim, batch: Batch, reason: str) -> None:
        log.warning(
            "batch.not_cancelled", job=claim.job, batch=batch.mark, reason=reason, rows=ranges(batch.rows)
        )
