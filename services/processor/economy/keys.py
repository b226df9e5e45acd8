"""API keys for calls about batches: the vault releases one for each of them, as for calls to a model."""

from services.common.errors import DomainError
from services.processor.outside import ReleasesApiKeys, Use
from services.processor.provider.batches import Place
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Ending, ending_of

#: How many uses may already be recorded because their answers were lost. More than this has another cause.
_REPLAYS = 20


class Ends(Exception):
    """The work on a shard ends here, and why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(type(ending).__name__)
        self.ending = ending


class BatchKeys:
    """The API key of a claim's job, one release for each call. A use names the shard's first row."""

    def __init__(self, keys: ReleasesApiKeys, claim: Claim) -> None:
        self._keys = keys
        self._claim = claim
        self._attempt = 0

    @property
    def are_used(self) -> bool:
        """Whether this claim has used some, so that rows of it cannot number theirs from 1."""
        return self._attempt > 0

    async def place(self, step: int) -> Place:
        """Return the endpoint with the key for one call; raise Ends if the vault refuses."""
        claim = self._claim
        for _ in range(_REPLAYS):
            self._attempt += 1
            try:
                released = await self._keys.release(
                    claim.grant, Use(claim.first_row, step, claim.fence, self._attempt)
                )
            except DomainError as error:
                if error.reason == "RELEASE_REPLAYED":
                    continue
                raise Ends(ending_of(error)) from None
            return Place(released.base_url, released.secret, claim.account, released.kind)
        raise Ends(ending_of(DomainError()))
