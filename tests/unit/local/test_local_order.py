"""The order of starts and stops, and what happens to a process that exits by itself."""

import threading
from collections.abc import Callable
from typing import cast

import pytest

from deploy.local.errors import CannotStart
from deploy.local.graph import Step, reversed_steps, run_steps
from deploy.local.processes import Child
from deploy.local.supervision import SETTLED_SECONDS, Supervisor
from tests.support.patience import PATIENCE_SECONDS


class Noted:
    """Actions that note their names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def action(self, name: str) -> Callable[[], None]:
        return lambda: self.names.append(name)


def nothing() -> None:
    pass


def test_a_step_runs_after_all_it_waits_for() -> None:
    noted = Noted()
    after = {"envoy": ("auth", "vault"), "auth": ("vault", "store"), "vault": ("store",), "store": ()}
    run_steps([Step(name, noted.action(name), needs) for name, needs in after.items()], cancel=nothing)
    assert noted.names == ["store", "vault", "auth", "envoy"]


def test_steps_that_do_not_wait_for_each_other_run_together() -> None:
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def meet() -> None:
        both.wait()

    run_steps([Step("one", meet), Step("two", meet)], cancel=nothing)


def test_the_first_failure_cancels_the_rest_and_is_what_is_told() -> None:
    cancelled = threading.Event()
    done: list[str] = []

    def fail() -> None:
        raise CannotStart("the first")

    def give_up() -> None:
        assert cancelled.wait(PATIENCE_SECONDS)
        raise CannotStart("a consequence")

    steps = [Step("a", fail), Step("b", give_up), Step("c", lambda: done.append("c"), ("a",))]
    with pytest.raises(CannotStart, match="the first"):
        run_steps(steps, cancel=cancelled.set)
    assert done == []


def test_a_stop_is_the_start_backwards_also_past_steps_without_a_process() -> None:
    noted = Noted()
    after = {"postgres": (), "migrate": ("postgres",), "auth": ("migrate",), "envoy": ("auth",)}
    stops = {name: noted.action(name) for name in ("postgres", "auth", "envoy")}
    run_steps(reversed_steps(after, stops), cancel=nothing)
    assert noted.names == ["envoy", "auth", "postgres"]


class Mortal:
    """Stands in for a child process; `status` says whether and how it has ended."""

    name = "auth"

    def __init__(self) -> None:
        self.status: int | None = None
        self.starts = 0

    def ended(self) -> int | None:
        return self.status

    def start(self) -> None:
        self.starts += 1
        self.status = None


class Life:
    """A supervisor of one child, with a clock that tests advance."""

    def __init__(self) -> None:
        self.now = 100.0
        self.child = Mortal()
        self.said: list[str] = []
        self.supervisor = Supervisor([cast(Child, self.child)], self.said.append, clock=lambda: self.now)
        self.supervisor.look()

    def dies_and_returns_after(self) -> float:
        """Let the child die; return the seconds until its next start."""
        self.child.status = -9
        died, starts = self.now, self.child.starts
        while self.child.starts == starts:
            self.supervisor.look()
            self.now += 0.05
        return self.now - died


def test_a_dead_process_is_started_again_and_that_is_said_once() -> None:
    life = Life()
    life.dies_and_returns_after()
    assert life.said == ["auth was killed by SIGKILL; restarting it in 0.1 s"]


def test_a_process_that_keeps_failing_is_started_less_and_less_often() -> None:
    life = Life()
    waits = [life.dies_and_returns_after() for _ in range(8)]
    assert waits[:5] == sorted(waits[:5])
    assert waits[-1] == pytest.approx(10, abs=0.2)


def test_a_process_that_had_settled_starts_with_a_clean_slate() -> None:
    life = Life()
    for _ in range(5):
        life.dies_and_returns_after()
    life.now += SETTLED_SECONDS + 1
    assert life.dies_and_returns_after() < 0.3
