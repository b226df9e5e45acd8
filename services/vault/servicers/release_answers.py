"""Answers to asks for keys on their way out: all that are ready go in one message, each key in it once."""

from collections import deque
from dataclasses import dataclass

from google.rpc import status_pb2
from smelt.vault.v1 import api_keys_pb2, release_pb2

from services.common.errors import DomainError
from services.common.rpc.errors import status_of
from services.vault.release.batch import Released, Verdict

#: The most asks in a message, and answers in one. More would make messages that hold the event loop up.
MOST_ASKS = 256


@dataclass(frozen=True, slots=True)
class _Answer:
    id: int
    #: The ask was sent as workers of version 0.1 do, and is answered in the same form.
    is_alone: bool
    outcome: release_pb2.ReleasedApiKey | status_pb2.Status


class ReleaseAnswers:
    """A queue of answers."""

    def __init__(self) -> None:
        self._ready: deque[_Answer] = deque()
        self._copied: tuple[Released, release_pb2.ReleasedApiKey] | None = None

    def __len__(self) -> int:
        return len(self._ready)

    def put(self, id: int, verdict: Verdict | None, *, is_alone: bool) -> None:
        """Add the answer to an ask. A key is copied, because it is wiped once its batch is answered."""
        outcome = (
            self._copy(verdict) if isinstance(verdict, Released) else status_of(verdict or DomainError())
        )
        self._ready.append(_Answer(id, is_alone, outcome))

    def next(self) -> release_pb2.ReleaseApiKeysResponse:
        """Return the next message."""
        message = release_pb2.ReleaseApiKeysResponse()
        if self._ready[0].is_alone:
            answer = self._ready.popleft()
            message.id = answer.id
            if isinstance(answer.outcome, status_pb2.Status):
                message.refused.CopyFrom(answer.outcome)
            else:
                message.released.CopyFrom(answer.outcome)
        else:
            self._gather(message)
        if not self._ready:
            self._copied = None
        return message

    def _gather(self, message: release_pb2.ReleaseApiKeysResponse) -> None:
        positions: dict[int, int] = {}
        while self._ready and not self._ready[0].is_alone and len(message.answers) < MOST_ASKS:
            answer = self._ready.popleft()
            told = message.answers.add(id=answer.id)
            if isinstance(answer.outcome, status_pb2.Status):
                told.refused.CopyFrom(answer.outcome)
                continue
            position = positions.get(id(answer.outcome))
            if position is None:
                position = positions[id(answer.outcome)] = len(message.keys)
                message.keys.append(answer.outcome)
            told.key = position

    def _copy(self, released: Released) -> release_pb2.ReleasedApiKey:
        # All asks of a batch for one key have the same verdict.
        if self._copied is None or self._copied[0] is not released:
            copy = release_pb2.ReleasedApiKey(
                secret=bytes(released.secret.reveal()),
                base_url=released.base_url,
                kind=getattr(api_keys_pb2.ApiKey, released.kind.value),
                timeout_seconds=released.timeout_seconds,
            )
            self._copied = (released, copy)
        return self._copied[1]
