"""How fast a provider may be asked under a rate key: what it says, what refusals teach.

A pace is calls a second rather than calls in flight. It fits limits of either kind, and whoever was given
a moment to call at and died has taken nothing that somebody must give back.
"""

from dataclasses import dataclass, replace
from math import exp

#: Before the first answer nobody knows anything: a rate key is entered at this pace.
FIRST_RATE = 100.0
#: A limit that is told is used to this share: calls arrive a little earlier or later than they are sent.
SHARE_OF_TOLD = 0.985
#: A rate key that refuses everything is tried this often, in calls a second.
LEAST_RATE = 0.05
#: What is left of the pace after a refusal, and after one of a limit that the provider has told.
_AFTER_REFUSAL, _AFTER_TOLD_REFUSAL, _AFTER_REFUSALS_ONLY = 0.8, 0.98, 0.5
#: What was passing says little of a limit when it was less than this.
LEAST_SEEN = 20.0
#: The way back: nearly to where it was refused in this time, then on, slowly at first and ever faster (by
#: e to the power of this times the square of the seconds).
_BACK_SECONDS = 5.0
_NEARLY = 0.97
_GROWTH = 0.0008
#: So far beyond the last refusal there is no limit any more.
_FORGOTTEN = 2.0
_CHANGED = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a rate key; times are seconds of the clock that all workers share."""

    #: Calls a second by the provider's headers; 0 when it does not say.
    told: float = 0.0
    #: The pace right after the last refusal; 0 when there was none.
    low: float = 0.0
    #: The pace that was refused.
    ceiling: float = 0.0
    cut_time: float = 0.0
    #: When the first call that began after the cut was answered; 0 while none was.
    grow_time: float = 0.0
    #: Since when there have been refusals only; 0 when the last word was an answer.
    refused_since: float = 0.0
    entered: bool = False

    def rate(self, now: float) -> float | None:
        """Return how many calls a second may begin; None when no limit is known."""
        if not self.entered and not self.low:
            return FIRST_RATE
        rates = [self.told * SHARE_OF_TOLD] if self.told else []
        if self.low and (grown := self._grown(now)) is not None:
            rates.append(grown)
        return min(rates, default=None)

    def _grown(self, now: float) -> float | None:
        if not self.grow_time:
            return self.low
        passed, top = max(0.0, now - self.grow_time), max(self.low, self.ceiling * _NEARLY)
        if passed < _BACK_SECONDS:
            return self.low + (top - self.low) * passed / _BACK_SECONDS
        grown = top * exp(_GROWTH * min(passed - _BACK_SECONDS, 100.0) ** 2)
        return grown if grown < self.ceiling * _FORGOTTEN else None

    def answered(self, now: float, started: float) -> "Pace":
        """Return the pace after a call that began at `started` was answered."""
        if self.entered and not self.refused_since and (self.grow_time or not self.low):
            return self
        grows = self.low and not self.grow_time and started >= self.cut_time
        return replace(
            self,
            entered=True,
            refused_since=0.0 if started >= self.cut_time else self.refused_since,
            grow_time=now if grows else self.grow_time,
        )

    def told_rate(self, rate: float) -> "Pace":
        """Return the pace after the provider has told its limit."""
        if rate <= 0 or abs(rate - self.told) <= self.told * _CHANGED:
            return self
        return replace(self, told=rate)

    def merged(self, other: "Pace") -> "Pace":
        """Return what two workers know together: the later refusal counts."""
        newer = self if self.cut_time > other.cut_time else other
        return replace(newer, told=other.told or self.told, entered=self.entered or other.entered)

    def refused(self, now: float, started: float, passing: float) -> "Pace":
        """Return the pace after a call that began at `started` was refused for rate.

        `passing` is how many calls a second were answered lately. Of the calls that were in flight together
        only the first one counts: they all say the same.
        """
        if started < self.cut_time:
            return self
        rate = self.rate(now)
        if self.low and not self.grow_time:
            # Nothing but refusals since the last cut: the rate key is only tried, and the goal stays.
            slower = replace(self, low=max(LEAST_RATE, self.low * _AFTER_REFUSALS_ONLY))
        else:
            seen = max(passing, LEAST_SEEN)
            base = seen if rate is None else min(rate, seen) if not self.entered else rate
            kept = _AFTER_TOLD_REFUSAL if self.told else _AFTER_REFUSAL
            slower = replace(self, low=max(LEAST_RATE, base * kept), ceiling=base)
        return replace(slower, cut_time=now, grow_time=0.0, refused_since=self.refused_since or now)
