"""Runs steps that depend on each other, as many at the same time as their order allows."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """An action to run once the steps named in `after` are done."""

    name: str
    action: Callable[[], None]
    after: tuple[str, ...] = ()


def run_steps(steps: Sequence[Step], *, cancel: Callable[[], None]) -> None:
    """Run every step after the ones it waits for. At the first failure, call `cancel` so that running steps
    can give up; once they have, raise the first error."""
    waiting = {step.name: step for step in steps}
    running: dict[Future[None], str] = {}
    done: set[str] = set()
    first_error: BaseException | None = None
    with ThreadPoolExecutor(max_workers=max(len(steps), 1)) as pool:
        while waiting or running:
            ready = [step for step in waiting.values() if done.issuperset(step.after)]
            if first_error is None:
                running.update({pool.submit(step.action): waiting.pop(step.name).name for step in ready})
            if not running:
                break
            # With a timeout, because a wait for a lock without one keeps Python from seeing signals on macOS.
            for future in wait(running, LOOK_SECONDS, FIRST_COMPLETED).done:
                done.add(running.pop(future))
                if (error := future.exception()) and first_error is None:
                    first_error = error
                    cancel()
    if first_error:
        raise first_error


def reversed_steps(
    after: Mapping[str, Sequence[str]], actions: Mapping[str, Callable[[], None]]
) -> list[Step]:
    """Steps that undo others in reverse order. Names without an action are skipped, but the steps before and
    after them keep their order."""
    dependents: dict[str, list[str]] = {name: [] for name in after}
    for name, needs in after.items():
        for need in needs:
            dependents[need].append(name)
    return [Step(name, actions.get(name, _nothing), tuple(dependents[name])) for name in after]


def _nothing() -> None:
    return None
