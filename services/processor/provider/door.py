"""The door that a provider's words must pass before they are kept or shown: none of them shows the API key.

It stands after decoding, where escapes have become letters and JSON has become columns.
"""

from collections.abc import Mapping
from datetime import datetime

from services.common.aside import TooCostly, aside
from services.processor.provider.answer import Answer, Reads, Unusable, error_object
from services.processor.provider.disguises import Disguises
from services.processor.provider.failures import KEY_ECHOED, UNCHECKED, Failure, judge

#: Longer answers are read beside the event loop. To look through as many characters takes two milliseconds
#: at worst, when all of them are escapes.
LOOP_CHARACTERS = 8192
#: Processor time for one answer: several times what the largest one needs that is all escapes of escapes.
_CPU_SECONDS = 2.0


async def let_answer_pass(
    said: Answer | Unusable, *, secret: bytes, account: str, read: Reads
) -> Answer | Unusable:
    """Return an answer with the texts that `read` makes of it, unless they show the key."""
    if isinstance(said, Unusable):
        return said
    (text,) = said.texts
    if len(text) <= LOOP_CHARACTERS:
        passed = _passed(text, secret, read)
    else:
        try:
            passed = await aside(
                lambda: _passed(text, secret, read), account=account, cpu_seconds=_CPU_SECONDS
            )
        except TooCostly:
            passed = UNCHECKED
    if isinstance(passed, Failure):
        return Unusable(passed, said.input_tokens, said.output_tokens, said.told)
    return Answer(passed, said.input_tokens, said.output_tokens, said.told)


def let_refusal_pass(
    status: int, body: bytes, headers: Mapping[str, str], *, secret: bytes, now: datetime
) -> Failure:
    """Return what a refusal means. Of its words only a code is shown, unless it has to do with the key."""
    return judge(status, error_object(body), headers, now, hide=Disguises(secret.decode("ascii")).hide)


def _passed(text: str, secret: bytes, read: Reads) -> tuple[str, ...] | Failure:
    kept = read(text)
    # Of an answer that does not fit, a message may name parts; they are cut, and so would be a key in them.
    # Texts are joined, because a key can be divided among them.
    shown = text if isinstance(kept, Failure) else "\n".join(kept)
    return KEY_ECHOED if Disguises(secret.decode("ascii")).are_in(shown) else kept
