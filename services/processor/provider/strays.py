"""Stray refusals: those that come whatever the pace is, told from those of a limit.

Below a limit nothing is refused, so a slower pace meets fewer refusals. Where a cut of the pace changes
nothing, the refusals have another cause (a busy machine behind the provider, other users of the key), and
going slower would only cost time.
"""

#: Outcomes after which a cut is judged. Fewer judge by luck; more keep a needless cut for longer.
_ENOUGH = 20
#: A larger share is never called stray: a provider that refuses more than this has no room.
_MOST = 0.5
#: This many refusals, one after the other, are cut at once, whatever came before.
_CLEAR = 4
#: Where nothing is known from before a cut, a larger share after it shows that the cut was in vain: it left
#: the pace below what was answered, where a limit refuses nothing.
_TOO_MANY = 0.1


class Strays:
    """What the refusals of one rate key, in one worker, have taught."""

    def __init__(self) -> None:
        #: Up to this share of refused calls, no limit is inferred.
        self.share = 0.0
        self._calls = self._refusals = 0
        self._before = 0.0

    def count(self, *, refused: bool) -> None:
        """Count the outcome of a call that started after the last cut."""
        self._calls, self._refusals = self._calls + 1, self._refusals + refused

    def is_clear(self, in_a_row: int) -> bool:
        """Whether another cut can be decided on, after a number of refusals one after the other."""
        return self._calls >= _ENOUGH or in_a_row >= _CLEAR

    def cut(self) -> None:
        """Begin to judge a cut that is made now."""
        self._before = self._refusals / self._calls if self._calls >= _ENOUGH // 2 else 0.0
        self._calls = self._refusals = 0

    def cut_was_in_vain(self, kept: float) -> bool:
        """Whether calls are refused as often as before the last cut, which kept this share of the pace."""
        if self._calls < _ENOUGH:
            return False
        share = self._refusals / self._calls
        of_a_limit = max(0.0, 1 - (1 - self._before) / kept)
        return (self._before + of_a_limit) / 2 < share <= _MOST and share > _TOO_MANY

    def learn(self) -> None:
        """Take the refusals for strays from now on."""
        self.share = min(_MOST, 1.5 * self._refusals / self._calls)
        self._calls = self._refusals = 0

    def fade(self, share: float) -> None:
        """Forget strays that have become fewer; `share` is that of the last calls."""
        self.share = min(self.share, 1.5 * share)
