"""Signals to the launcher: how its handler behaves when others interrupt it, and what it waits for."""

import ast
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.local.signals import Flag, StopSignals
from tests.support.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[3]
# Waits as the launcher does, and says when it has been told to stop and when nothing holds it any longer.
WAITS = """
import time
from deploy.local.signals import StopSignals
signals = StopSignals()
signals.install()
print("waiting", flush=True)
while not signals.stopping.wait(0.001):
    pass
print("told", flush=True)
input()
"""


def test_fifty_signals_in_a_row_do_not_hold_up_a_wait() -> None:
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as waiting:
            assert waiting.stdout
            assert waiting.stdout.readline() == "waiting\n"
            for number in range(50):
                waiting.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])
            assert waiting.stdout.readline() == "told\n"
            _, _ = waiting.communicate("\n", timeout=PATIENCE_SECONDS)
            assert waiting.returncode == 0


def test_a_handler_that_is_interrupted_by_itself_at_every_step_comes_to_its_end() -> None:
    signals, entered = StopSignals(), 0

    def again(frame: object, event: str, argument: object) -> object:
        nonlocal entered
        if event == "line" and entered < 200:
            entered += 1
            signals._receive(signal.SIGTERM, None)
        return again

    def receive() -> None:
        sys.settrace(again)  # type: ignore[arg-type]
        try:
            signals._receive(signal.SIGINT, None)
        finally:
            sys.settrace(None)

    # In a thread, so that a handler that waits for itself fails this test instead of holding it up.
    handler = threading.Thread(target=receive, daemon=True)
    handler.start()
    handler.join(PATIENCE_SECONDS)
    assert not handler.is_alive()
    assert entered > 0
    assert signals.stopping.is_set() and signals.received.is_set()


def test_a_repeated_signal_asks_for_hurry_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("deploy.local.signals.time.monotonic", lambda: now)
    signals = StopSignals()
    for _ in range(50):
        signals._receive(signal.SIGTERM, None)
    assert not signals.hurry.is_set()
    now += 1.1
    signals._receive(signal.SIGTERM, None)
    assert signals.hurry.is_set()


def test_a_flag_ends_a_wait() -> None:
    flag = Flag()
    assert not flag.wait(0.0)
    threading.Timer(0.05, flag.set).start()
    assert flag.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("room", ["services", "deploy", "gateway", "client"])
def test_signals_are_handled_in_one_place_besides_asyncio(room: str) -> None:
    """asyncio's handlers write to a pipe; what `signal.signal` installs runs between two bytecodes."""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / room).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("signal.signal", "signal")
    }
    assert found == ({"deploy/local/signals.py"} if room == "deploy" else set())
