"""Limits how many refusals are recorded, so that a flood cannot fill the log that it would hide in."""

import time
from collections.abc import Callable
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.vault.audit.actions import Action, RefusedCall, refused_call
from services.vault.audit.chain import Event

_SHARES = 10
#: Accounts whose shares are remembered. When they are forgotten, each begins with a burst again.
_MOST_SHARES = 10_000


class Call(Protocol):
    """A call that has ended, as the guard describes it."""

    @property
    def method(self) -> str: ...
    @property
    def caller(self) -> str: ...
    @property
    def admitted(self) -> bool: ...
    @property
    def error(self) -> Exception | None: ...


class RefusalLimiter:
    """Allows `per_second` records on average and `at_once` in a burst; refusals above that are only answered.

    With smaller numbers an attack leaves fewer traces; with larger ones it can fill the disk. One account has
    a tenth of them, so that its refusals cannot hide another's.
    """

    def __init__(self, *, per_second: float = 50.0, at_once: float = 1000.0) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._left = at_once
        self._at = time.monotonic()
        self._shares: dict[str, RefusalLimiter] = {}

    def admits(self, account: str = "") -> bool:
        """Tell whether one more refusal may be recorded, of an account if one is known, and count it."""
        if account and not self._share_of(account).admits():
            return False
        now = time.monotonic()
        self._left = min(self._at_once, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _share_of(self, account: str) -> "RefusalLimiter":
        share = self._shares.get(account)
        if share is None:
            if len(self._shares) >= _MOST_SHARES:
                self._shares.clear()
            per_second, at_once = self._per_second / _SHARES, max(1.0, self._at_once / _SHARES)
            share = self._shares[account] = RefusalLimiter(per_second=per_second, at_once=at_once)
        return share


class Refusals:
    """Has refusals recorded within the limit, without making a caller wait."""

    def __init__(self, limiter: RefusalLimiter, note: Callable[[Event], None]) -> None:
        self.limiter = limiter
        self._note = note

    def may_record(self, account: str = "") -> bool:
        """Tell whether one more refusal may be recorded, and count it."""
        return self.limiter.admits(account)

    def refused(
        self, error: DomainError, *, account: str, object: str, action: Action | RefusedCall, caller: str
    ) -> None:
        """Note a refusal. A call that failed because a database was away is not one."""
        if error.kind not in (Kind.UNAVAILABLE, Kind.INTERNAL) and self.may_record(account):
            details = {"caller": caller, "reason": error.reason}
            self._note(Event(account, object, action, "refused", details))

    def at_the_door(self, ended: Call) -> None:
        """Note a call that was refused because of its certificate or its proof."""
        if not ended.admitted and isinstance(ended.error, DomainError):
            action = refused_call(ended.method)
            self.refused(ended.error, account="", object="", action=action, caller=ended.caller)
