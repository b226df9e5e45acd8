"""While large files are read, the event loop runs: nothing keeps it waiting for 50 ms."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from services.files.parsing.threads import ParsingThreads
from services.files.reading.reader import Limits, parse
from services.files.threads import fed

LIMITS = Limits(max_columns=100, max_rows=10_000_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
MOST_SECONDS = 0.05


def content(*, quoted: bool) -> list[bytes]:
    """Return pieces of 20 MB of which every row has another address and company."""
    dice = random.Random(5)
    row = b'Ada,ada%d@example.com,"Engines, %d",n\n' if quoted else b"Ada,ada%d@example.com,Engines %d,n\n"
    rows = [row % (dice.randrange(10**10), dice.randrange(10**10)) for _ in range(400_000)]
    return [
        b"Name,Email,Company,Note\n",
        *(b"".join(rows[at : at + 20_000]) for at in range(0, 400_000, 20_000)),
    ]


@pytest.fixture
def as_served() -> Iterator[None]:
    """Let threads take turns as often as the service lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("quoted", [False, True])
async def test_reading_never_holds_the_loop_for_50_ms(as_served: None, quoted: bool) -> None:
    pieces = content(quoted=quoted)
    threads = ParsingThreads(2)

    async def source() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    work = partial(parse, limits=LIMITS)
    reading = asyncio.gather(*(fed(threads.executor, source(), work) for _ in range(2)))
    waits = []
    while not reading.done():
        # Time of this process alone: what others do on the machine is not the loop's fault.
        began = time.process_time()
        await asyncio.sleep(0)
        waits.append(time.process_time() - began)
        await asyncio.sleep(0.002)
    for parsed in await reading:
        assert parsed.row_count == 400_000
    await threads.close()
    assert len(waits) > 50
    # On a busy machine the loop's thread itself is kept waiting now and then, while the readers take turns.
    assert sorted(waits)[len(waits) * 95 // 100] < MOST_SECONDS
