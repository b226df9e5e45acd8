"""What one worker knows of a rate key's pace: what its calls have taught, and its reserved start times."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from services.processor.provider.announced_limits import calls_a_second
from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import Verdict
from services.processor.provider.pace import SHARE_OF_TOLD, Pace
from services.processor.provider.shared_paces import HORIZON_SECONDS
from services.processor.provider.strays import Strays

_TOLD_SECONDS = 0.1
#: Below this rate, in calls per second, calls are too far apart to arrive together and are not counted.
_SMOOTHED_RATE = 10.0
_USUAL_WEIGHT = 0.05
#: If this share of the last calls or less was refused, the refusals are accidents, or caused by other users
#: of the key: a limit that is really reached soon refuses more. A higher share reacts later to a real limit;
#: a lower one slows down for accidents, each time further. The second share is for an announced limit.
_ACCIDENTS, _TOLD_ACCIDENTS = 0.03, 0.02
_LAST_CALLS = 400
#: After this many refusals one after the other, all calls are taken to be refused. Fewer stop everybody for
#: a few strays that happen to come together; more send calls that cannot succeed. Before the first answer
#: there is nothing that speaks against it.
_ALL_REFUSED, _ALL_REFUSED_AT_FIRST = 10, 3


@dataclass(slots=True)
class LocalPace:
    """What one worker knows of the pace of a rate key, and the start times that it has reserved."""

    rate_key: str
    pace: Pace = field(default_factory=Pace)
    version: int = 0
    free_until: float = 0.0
    moments: deque[float] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    asking: bool = False
    sharing: bool = False
    #: The last calls, and how many of them were refused.
    calls: int = 0
    refusals: int = 0
    #: Calls answered since the last report to Valkey, and answered calls per second over all workers.
    passed: int = 0
    passing: float = 0.0
    tokens_a_call: float = 0.0
    told_time: float = 0.0
    answer_time: float = 0.0
    #: Refusals one after the other, and whether there was ever an answer.
    refused_in_a_row: int = 0
    strays: Strays = field(default_factory=Strays)
    alone_next: float = 0.0
    #: When calls of the last second were sent.
    sent: deque[float] = field(default_factory=deque)

    def count(self, *, refused: bool) -> None:
        """Count the outcome of a call."""
        self.calls, self.refusals = self.calls + 1, self.refusals + refused
        self.refused_in_a_row = self.refused_in_a_row + 1 if refused else 0
        if self.calls >= _LAST_CALLS:
            self.strays.fade(self.refusals / self.calls)
            self.calls, self.refusals = self.calls // 2, self.refusals // 2

    def refuses_by_accident(self) -> bool:
        """Whether there are too few refusals to infer a limit."""
        usual = _TOLD_ACCIDENTS if self.pace.told else _ACCIDENTS
        return self.refusals <= self.calls * max(usual, self.strays.share)

    def refuses_all(self) -> bool:
        """Whether a refusal holds for every call, and not just for one among others."""
        return self.refused_in_a_row >= (_ALL_REFUSED if self.answer_time else _ALL_REFUSED_AT_FIRST)

    def learn(self, said: Answer | Unusable, *, started: float, now: float) -> Pace:
        """Return the pace after a call that started at `started` has ended; times are on the shared clock."""
        pace = self.pace
        failure = said.failure if isinstance(said, Unusable) else None
        if failure is not None and failure.verdict is Verdict.RATE:
            self.count(refused=True)
            if started >= pace.cut_time:
                self.strays.count(refused=True)
            if not self.refuses_by_accident():
                pace = self._cut(started=started, now=now)
        elif failure is None or failure.reason != "PROVIDER_UNAVAILABLE":
            self.count(refused=False)
            if started >= pace.cut_time:
                self.strays.count(refused=False)
            self.passed += 1
            self.answer_time = now
            pace = pace.answered(now, started)
            if used := (said.input_tokens or 0) + (said.output_tokens or 0):
                usual = self.tokens_a_call or used
                self.tokens_a_call = usual + (used - usual) * _USUAL_WEIGHT
        if said.told is not None and now - self.told_time > _TOLD_SECONDS:
            self.told_time = now
            pace = pace.told_rate(calls_a_second(said.told, self.tokens_a_call))
        return pace

    def _cut(self, *, started: float, now: float) -> Pace:
        """Return the pace after a refusal that is no accident."""
        pace = self.pace
        if started < pace.cut_time:
            return pace
        if pace.low and pace.grow_time and self.strays.cut_was_in_vain(pace.cut_factor):
            self.strays.learn()
            return pace.restored(now)
        if not self.strays.is_clear(self.refused_in_a_row):
            return pace
        self.strays.cut()
        return pace.refused(now, started, max(self.passing, float(self.passed)))

    def most_in_a_second(self) -> int:
        """Return how many calls a second may have under the announced limit; 0 if counting is not needed.

        A call gets its API key between its start time and its sending. Calls that pile up there would exceed
        a limit that the provider counts per second.
        """
        return 0 if self.pace.told < _SMOOTHED_RATE else int(self.pace.told * SHARE_OF_TOLD)

    def crowded_seconds(self, most: int, *, now: float) -> float:
        """Return how long a call must wait so that no second has more than `most`, on the worker's clock."""
        while self.sent and self.sent[0] <= now - 1.0:
            self.sent.popleft()
        return 0.0 if len(self.sent) < most else self.sent[0] + 1.001 - now

    def make_moments(self, rate: float, *, now: float, wanted: int) -> float:
        """Make up start times at a rate that is not shared; return how long to wait if there are none."""
        gap = 1.0 / rate
        first = min(max(self.alone_next, now), now + HORIZON_SECONDS + gap)
        if (late := first - now - HORIZON_SECONDS) > 0:
            return late
        count = min(wanted, int(-late / gap) + 1)
        self.moments.extend(first + number * gap for number in range(count))
        self.alone_next = first + count * gap
        return 0.0
