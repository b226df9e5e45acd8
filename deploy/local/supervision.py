"""Restarts processes that exit unexpectedly while the stack is up."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from deploy.local.errors import CannotStart
from deploy.local.processes import Child, said

DELAYS_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
# A process that ran this long is not in a crash loop.
SETTLED_SECONDS = 5.0


@dataclass(slots=True)
class _Fate:
    """The state of one process: how many times in a row it failed, and when to restart it."""

    failures: int = 0
    began: float = 0.0
    due: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Checks every child when told to; reports in one line which one exited and when it restarts."""

    children: Iterable[Child]
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _fates: dict[str, _Fate] = field(default_factory=dict)

    def look(self) -> bool:
        """Restart every child that is due; return whether any pid has changed."""
        # Not any(): every child must be checked, even after the first change.
        return sum([self._look_at(child) for child in self.children]) > 0

    def _look_at(self, child: Child) -> bool:
        now = self.clock()
        fate = self._fates.setdefault(child.name, _Fate(began=now))
        if fate.due is None:
            if (status := child.ended()) is not None:
                self._put_off(child, fate, f"{child.name} {said(status)}")
            return False
        if now < fate.due:
            return False
        try:
            child.start()
        except CannotStart as error:
            self._put_off(child, fate, str(error))
            return False
        fate.began, fate.due = now, None
        return True

    def _put_off(self, child: Child, fate: _Fate, what: str) -> None:
        now = self.clock()
        if now - fate.began > SETTLED_SECONDS:
            fate.failures = 0
        delay = DELAYS_SECONDS[min(fate.failures, len(DELAYS_SECONDS) - 1)]
        fate.failures += 1
        fate.due = now + delay
        self.say(f"{what}; restarting it in {delay:g} s")
