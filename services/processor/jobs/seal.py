"""What is sealed under a job's data key: its snapshot, and the result of each row."""

from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.common.sealing import Codes, PayloadSealer, SealBroken, fields
from services.processor.jobs import stored_snapshot
from services.processor.jobs.errors import SnapshotDamaged
from services.processor.jobs.plan import Snapshot, Step
from services.processor.outside import OpensDataKeys, Proof
from services.processor.templates.prompt_settings import PromptSettings


@dataclass(frozen=True, slots=True)
class RowPayload:
    """The outputs of the finished steps, the flags of each, and why the row failed, if it did.

    `said` is what the provider said about it, in its own words. `raw` has the answer of each step as it came,
    or nothing where it is saved as it came; it is empty if that is so of all. `former` has the text of each
    output that a person changed, as it was before, and None for the others; it is empty if nobody did.
    """

    outputs: tuple[str, ...]
    message: str = ""
    flags: tuple[int, ...] = ()
    said: str = ""
    raw: tuple[str, ...] = ()
    former: tuple[str | None, ...] = ()


class JobSeal:
    """Seals and opens under one job's data key. Use it in one thread, and drop it when the work is over."""

    def __init__(self, key: bytes, account: str, job: str) -> None:
        about = fields("job", account, job)
        self._sealer, self._codes = PayloadSealer(key, about), Codes(key, about)

    def seal_snapshot(self, snapshot: Snapshot) -> bytes:
        """Return the sealed snapshot; like opening it, this takes long for a large one."""
        return self._sealer.seal(stored_snapshot.dump(snapshot), fields("snapshot"))

    def open_snapshot(self, sealed: bytes) -> Snapshot:
        """Return the snapshot; raise SnapshotDamaged if it was altered or moved."""
        return stored_snapshot.load(self._opened(sealed, fields("snapshot")))

    def seal_row(self, number: int, payload: RowPayload) -> bytes:
        """Return a row's result, sealed for that row alone."""
        document = [payload.outputs, payload.message, payload.flags]
        # Later parts are left out if they say nothing; workers of earlier releases do not look for them.
        if payload.said or payload.raw or payload.former:
            document.append(payload.said)
        if payload.raw or payload.former:
            document.append(payload.raw)
        if payload.former:
            document.append(payload.former)
        return self._sealer.seal(orjson.dumps(document), fields("row", number))

    def open_row(self, number: int, sealed: bytes) -> RowPayload:
        """Return a row's result; raise SnapshotDamaged if it was altered or moved."""
        # Rows that were sealed by releases without flags end with the message.
        outputs, message, *rest = self._open(sealed, fields("row", number))
        flags = tuple(rest[0]) if rest else (0,) * len(outputs)
        said = rest[1] if len(rest) > 1 else ""
        raw, former = (tuple(rest[nth]) if len(rest) > nth else () for nth in (2, 3))
        return RowPayload(tuple(outputs), message, flags, said, raw, former)

    def seal_words(self, words: str) -> bytes:
        """Return what a provider said of the job as a whole, sealed; empty for no words."""
        return self._sealer.seal(orjson.dumps(words), fields("words")) if words else b""

    def open_words(self, sealed: bytes) -> str:
        """Return what a provider said of the job; raise SnapshotDamaged if it was altered or moved."""
        return str(self._open(sealed, fields("words"))) if sealed else ""

    def code(self, settings: PromptSettings, prompt: str) -> bytes:
        """Return a code that only identical requests of this job share."""
        asked = replace(settings, prompt=prompt, output_column="", reference_columns=())
        return self._codes.of(orjson.dumps(stored_snapshot.step_document(Step("", asked))))

    def seal_answer(self, code: bytes, texts: tuple[str, ...]) -> bytes:
        """Return the texts of an answer, sealed for the requests with this code."""
        return self._sealer.seal(orjson.dumps(texts), fields("answer", code))

    def open_answer(self, code: bytes, sealed: bytes) -> tuple[str, ...]:
        """Return the texts of an answer; raise SnapshotDamaged if it was altered or moved."""
        return tuple(self._open(sealed, fields("answer", code)))

    def _open(self, sealed: bytes, about: bytes) -> Any:
        return orjson.loads(self._opened(sealed, about))

    def _opened(self, sealed: bytes, about: bytes) -> bytes:
        try:
            return self._sealer.open(sealed, about)
        except SealBroken:
            raise SnapshotDamaged from None


async def open_seal(
    vault: OpensDataKeys, *, account: str, job: str, wrapped_key: bytes, proof: Proof
) -> JobSeal:
    """Return the seal of a job after the vault has opened its data key; raise DATA_KEY_INVALID."""
    return JobSeal(await vault.open_data_key(job, wrapped_key, proof), account, job)
