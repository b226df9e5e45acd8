"""What the shards of a worker know of economy jobs: a course in batches, which may leave a rest to them."""

from dataclasses import dataclass
from typing import Protocol

from services.processor.jobs.seal import JobSeal
from services.processor.provider.failures import BATCH_UNANSWERED
from services.processor.rows.calls import Called
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Ending
from services.processor.rows.loop import Prepared
from services.processor.templates.prompt_settings import PromptSettings


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of the shard goes in no batch: its rows go in the ordinary way, or fail as unanswered."""

    is_unanswered: bool


class Course(Protocol):
    """The work on one shard in batches, for as long as this worker holds it."""

    async def run(self) -> Ending | Rest | None:
        """Bring the shard on; return None when all its rows are done. Raises FenceLost."""
        ...

    def end(self, ending: Ending) -> None:
        """Start nothing new; what is under way is finished."""
        ...

    def stop(self, ending: Ending) -> None:
        """End at once."""
        ...


class TakesBatches(Protocol):
    """Works on the shards of economy jobs."""

    def course(self, claim: Claim, prepared: Prepared, seal: JobSeal) -> Course: ...


class Unanswered:
    """Fails every call: as many batches as there may be had no usable answer to it."""

    async def call(
        self, row: int, position: int, *, settings: PromptSettings, rate_key: str, prompt: str
    ) -> Called:
        """Return the failure."""
        return Called(failure=BATCH_UNANSWERED)
