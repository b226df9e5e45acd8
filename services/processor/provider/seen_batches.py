"""What a provider says of batches and files, as far as it is believed: ids, states, why a batch failed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from services.processor.provider.door import let_failure_pass, let_id_pass
from services.processor.provider.failures import BATCH_REFUSED, Failure

#: The provider has as many tokens of this organisation waiting as it takes.
_FULL = "token_limit_exceeded"
_MOST = 200


class Stage(Enum):
    """How far a batch is."""

    UNDER_WAY = "under way"
    #: It is over, and what was answered can be read: completed, expired or cancelled.
    OVER = "over"
    #: It was refused as a whole, before any request was sent.
    REFUSED = "refused"


_STAGES = {
    "completed": Stage.OVER,
    "expired": Stage.OVER,
    "cancelled": Stage.OVER,
    "failed": Stage.REFUSED,
}


@dataclass(frozen=True, slots=True)
class SeenBatch:
    """A batch as its provider tells it; empty where it told nothing, or nothing that may be kept."""

    id: str
    stage: Stage
    status: str
    mark: str = ""
    output_file: str = ""
    error_file: str = ""
    #: Why it was refused.
    failure: Failure | None = None
    #: Whether it was refused because too much is waiting already.
    is_full: bool = False


def seen_batch(said: object, secret: bytes) -> SeenBatch | None:
    """Return the batch that an object stands for; None if it is none."""
    if not isinstance(said, Mapping) or not (id_ := let_id_pass(said.get("id"), secret)):
        return None
    status = let_id_pass(said.get("status"), secret)
    stage = _STAGES.get(status, Stage.UNDER_WAY)
    marks = said.get("metadata")
    seen = SeenBatch(
        id=id_,
        stage=stage,
        status=status,
        mark=let_id_pass(marks.get("smelt_batch"), secret) if isinstance(marks, Mapping) else "",
        output_file=let_id_pass(said.get("output_file_id"), secret),
        error_file=let_id_pass(said.get("error_file_id"), secret),
    )
    if stage is not Stage.REFUSED:
        return seen
    errors = _errors(said)
    words = "; ".join(text for each in errors if isinstance(text := each.get("message"), str))
    failure = let_failure_pass(replace(BATCH_REFUSED, said=words), secret)
    return replace(seen, failure=failure, is_full=any(each.get("code") == _FULL for each in errors))


def seen_batches(said: object, secret: bytes) -> tuple[list[SeenBatch], bool]:
    """Return the batches of a page of a list, and whether it says that there are more."""
    batches = [found for each in _listed(said) if (found := seen_batch(each, secret)) is not None]
    return batches, isinstance(said, Mapping) and said.get("has_more") is True


def seen_files(said: object, secret: bytes) -> dict[str, str]:
    """Return the names of the files in a list, by id."""
    found = {}
    for each in _listed(said):
        if isinstance(each, Mapping) and (id_ := let_id_pass(each.get("id"), secret)):
            found[id_] = let_id_pass(each.get("filename"), secret)
    return found


def _listed(said: object) -> list[Any]:
    data = said.get("data") if isinstance(said, Mapping) else None
    return data[:_MOST] if isinstance(data, list) else []


def _errors(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in _listed(said.get("errors"))[:5] if isinstance(each, Mapping)]
