"""Bursts of signals at every stage of the launcher: it ends in bounded time, and leaves nothing behind."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.local.hollow import Hollow, eventually, gone, hollow_in
from tests.support.long_form import first
from tests.support.session import Session

BURST = 50


@pytest.fixture
def hollow(test_session: Session) -> Iterator[Hollow]:
    with hollow_in(test_session) as launcher:
        yield launcher


def burst(hollow: Hollow) -> None:
    """Fifty signals of two kinds, as fast as they go; a launcher that has ended needs no more."""
    for number in range(BURST):
        if hollow.process.poll() is not None:
            return
        hollow.process.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])


def recorded(state: Path) -> dict[str, int]:
    """The processes on record, which is rewritten whole at every change."""
    record = state / "processes.json"
    if not record.exists():
        return {}
    return {entry["name"]: entry["pid"] for entry in json.loads(record.read_text())}


def ended_whole(hollow: Hollow, pids: dict[str, int]) -> None:
    status, output = hollow.end()
    assert status == 0, output
    assert output.splitlines()[-1] == "smelt: stopped"
    assert "Traceback" not in output
    eventually(lambda: gone(pids))
    assert recorded(hollow.state) == {}
    assert not (hollow.state / "stack.json").exists()


STAGES: dict[str, Callable[[Hollow], bool]] = {
    "the state directory is made": lambda hollow: hollow.state.exists(),
    "the first process runs": lambda hollow: bool(recorded(hollow.state)),
    "the databases are made": lambda hollow: "initdb-postgres" in recorded(hollow.state),
    "the services start": lambda hollow: "vault" in recorded(hollow.state),
    "the gateway starts": lambda hollow: "envoy" in recorded(hollow.state),
}


@pytest.mark.parametrize("stage", first(3, STAGES))
def test_a_burst_during_the_start_ends_everything(hollow: Hollow, stage: str) -> None:
    hollow.start()
    # Before this line, nothing has been started, and nothing need be stopped.
    assert hollow.process.stdout and "starting" in hollow.process.stdout.readline()
    eventually(lambda: STAGES[stage](hollow), alive=hollow.process)
    pids = recorded(hollow.state)
    burst(hollow)
    ended_whole(hollow, pids)


def test_a_burst_while_the_stack_runs_ends_everything(hollow: Hollow) -> None:
    hollow.start()
    pids = hollow.wait_ready()
    burst(hollow)
    ended_whole(hollow, pids)


def test_bursts_during_the_stop_end_everything(hollow: Hollow) -> None:
    hollow.start()
    pids = hollow.wait_ready()
    hollow.process.send_signal(signal.SIGTERM)
    while hollow.process.poll() is None:
        burst(hollow)
        time.sleep(0.1)
    ended_whole(hollow, pids)
