"""How fast a provider may be called with a rate key: by what it announces, and by what refusals teach.

A pace is a number of calls per second rather than of calls in flight. It fits limits of either kind, and a
worker that dies with reserved start times holds nothing that must be given back.
"""

from dataclasses import dataclass, replace
from math import exp

#: The pace of a rate key before its first answer, in calls per second. Too low delays the start of every job;
#: too high meets a low limit with many refusals at once.
FIRST_RATE = 100.0
#: The share of an announced limit that is used. Calls arrive a little earlier or later than they are sent, so
#: a higher share meets refusals; a lower one wastes the limit.
SHARE_OF_TOLD = 0.985
#: How often a rate key that refuses everything is tried, in calls per second: every 20 seconds. Too often
#: uses up key releases while nothing is answered; too rarely delays the recovery by as much.
LEAST_RATE = 0.05
#: Factors of the pace after a refusal: without and with an announced limit, and while there are only
#: refusals. Larger factors meet more refusals on the way down; smaller ones stay further below the limit.
_AFTER_REFUSAL, _AFTER_TOLD_REFUSAL, _AFTER_REFUSALS_ONLY = 0.8, 0.98, 0.5
#: An answered rate below this, in calls per second, says little about the limit, so a cut does not go below
#: it.
LEAST_SEEN = 20.0
#: Recovery: within _BACK_SECONDS the pace is back at _NEARLY of the rate that was refused. From there it
#: grows by e ** (_GROWTH * seconds ** 2), slowly at first and ever faster. A faster recovery meets the limit
#: more often; a slower one stays below it longer after an accident.
_BACK_SECONDS = 5.0
_NEARLY = 0.97
_GROWTH = 0.0008
#: At this multiple of the rate that was refused, the limit is considered gone.
_FORGOTTEN = 2.0
_CHANGED = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a rate key; times are seconds on the clock that all workers share."""

    #: The limit that the provider's headers announce, in calls per second; 0 if they announce none.
    told: float = 0.0
    #: The pace right after the last refusal; 0 if there was none.
    low: float = 0.0
    #: The pace that was refused.
    ceiling: float = 0.0
    cut_time: float = 0.0
    #: When the first call that started after the cut was answered; 0 while none was.
    grow_time: float = 0.0
    #: Since when there have been only refusals; 0 if the last outcome was an answer.
    refused_since: float = 0.0
    entered: bool = False

    def rate(self, now: float) -> float | None:
        """Return how many calls may start per second; None if no limit is known."""
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
        """Return the pace after a call that started at `started` was answered."""
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
        """Return the pace after the provider has announced its limit."""
        if rate <= 0 or abs(rate - self.told) <= self.told * _CHANGED:
            return self
        return replace(self, told=rate)

    def merged(self, other: "Pace") -> "Pace":
        """Return what two workers know together; the later refusal counts."""
        newer = self if self.cut_time > other.cut_time else other
        return replace(newer, told=other.told or self.told, entered=self.entered or other.entered)

    @property
    def cut_factor(self) -> float:
        """The share of the pace that a refusal leaves."""
        return _AFTER_TOLD_REFUSAL if self.told else _AFTER_REFUSAL

    def restored(self, now: float) -> "Pace":
        """Return the pace as it was before any refusal: slower calls were refused as often."""
        return replace(self, low=0.0, ceiling=0.0, cut_time=now, grow_time=0.0, refused_since=0.0)

    def refused(self, now: float, started: float, passing: float) -> "Pace":
        """Return the pace after a call that started at `started` met a rate-limit refusal.

        `passing` is how many calls per second were answered lately. Of the calls that were in flight
        together, only the first refusal counts: they all say the same.
        """
        if started < self.cut_time:
            return self
        rate = self.rate(now)
        if self.low and not self.grow_time:
            # Nothing but refusals since the last cut: the rate key is only probed, and the rate to return to
            # stays.
            slower = replace(self, low=max(LEAST_RATE, self.low * _AFTER_REFUSALS_ONLY))
        else:
            seen = max(passing, LEAST_SEEN)
            base = seen if rate is None else min(rate, seen) if not self.entered else rate
            slower = replace(self, low=max(LEAST_RATE, base * self.cut_factor), ceiling=base)
        return replace(slower, cut_time=now, grow_time=0.0, refused_since=self.refused_since or now)
