"""Children of the launcher: what they see, how their end is reported, and which pids are theirs."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.errors import CannotStart, Interrupted
from deploy.local.pids import Recorded, Register, end_leftovers, started
from deploy.local.processes import Child, Command, rotate_logs, run_once
from deploy.local.signals import Flag
from tests.support.patience import PATIENCE_SECONDS

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"


def python(name: str, source: str, tmp_path: Path, **more: object) -> Command:
    return Command(name, (sys.executable, "-uc", source), tmp_path, **more)  # type: ignore[arg-type]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(tmp_path / "processes.json")


def child(command: Command, tmp_path: Path, register: Register) -> Child:
    return Child(command, logs=tmp_path, register=register)


def once(command: Command, tmp_path: Path, register: Register) -> None:
    run_once(command, logs=tmp_path, register=register, stopping=Flag())


def test_a_child_sees_only_what_is_meant_for_it(
    tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-shell")
    monkeypatch.setenv("SMELT_TOKEN", "a-session")
    source = "import json, os; print(json.dumps(dict(os.environ)))"
    once(python("seen", source, tmp_path, environment={"SMELT_LISTEN": "here"}), tmp_path, register)
    seen = json.loads((tmp_path / "seen.log").read_text())
    assert seen["SMELT_LISTEN"] == "here"
    assert seen["PATH"] == os.environ["PATH"]
    assert not {"OPENAI_API_KEY", "SMELT_TOKEN"} & set(seen)


def test_a_child_leads_a_session_of_its_own(tmp_path: Path, register: Register) -> None:
    once(python("session", "import os; print(os.getsid(0) == os.getpid())", tmp_path), tmp_path, register)
    assert (tmp_path / "session.log").read_text() == "True\n"
    assert stat.S_IMODE((tmp_path / "session.log").stat().st_mode) == 0o600


def test_a_failure_is_told_in_one_line_with_the_last_words(tmp_path: Path, register: Register) -> None:
    source = "print('first'); print('the disk is full'); raise SystemExit(7)"
    with pytest.raises(CannotStart) as failure:
        once(python("migrate", source, tmp_path), tmp_path, register)
    assert str(failure.value) == (
        f"migrate exited with code 7: the disk is full (log: {tmp_path / 'migrate.log'})"
    )


def test_an_early_death_ends_the_wait(tmp_path: Path, register: Register) -> None:
    command = python("auth", "import os; os.kill(os.getpid(), 9)", tmp_path, ready=lambda: False)
    process = child(command, tmp_path, register)
    process.start()
    with pytest.raises(CannotStart, match="auth was killed by SIGKILL before it was ready"):
        process.wait_ready(30, Flag())


def test_a_program_that_is_not_there_is_named(tmp_path: Path, register: Register) -> None:
    command = Command("envoy", (str(tmp_path / "missing"),), tmp_path)
    with pytest.raises(CannotStart, match="envoy could not be started"):
        child(command, tmp_path, register).start()


def test_a_wait_ends_when_the_stack_is_to_stop(tmp_path: Path, register: Register) -> None:
    process = child(python("slow", SLEEP, tmp_path, ready=lambda: False), tmp_path, register)
    process.start()
    stopping = Flag()
    stopping.set()
    with pytest.raises(Interrupted):
        process.wait_ready(30, stopping)
    process.stop()
    assert process.ended() == -signal.SIGTERM


def test_what_does_not_end_is_killed_after_its_ceiling(tmp_path: Path, register: Register) -> None:
    log = tmp_path / "stubborn.log"
    command = python(
        "stubborn", STUBBORN, tmp_path, stop_seconds=0.2, ready=lambda: log.read_text() == "up\n"
    )
    process = child(command, tmp_path, register)
    process.start()
    process.wait_ready(30, Flag())
    process.stop()
    assert process.ended() == -signal.SIGKILL


def test_running_processes_are_on_record_and_ended_ones_are_not(tmp_path: Path, register: Register) -> None:
    process = child(python("one", SLEEP, tmp_path), tmp_path, register)
    process.start()
    (entry,) = json.loads((tmp_path / "processes.json").read_text())
    assert (entry["name"], entry["pid"], entry["started"]) == ("one", process.pid, started(process.pid))
    process.stop()
    assert json.loads((tmp_path / "processes.json").read_text()) == []


def test_leftovers_on_record_are_ended(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    Register(tmp_path / "record.json").add("left", left.pid)
    assert end_leftovers(tmp_path / "record.json") == ["left"]
    assert left.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert not (tmp_path / "record.json").exists()


def test_a_process_that_got_a_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    record = tmp_path / "record.json"
    record.write_text(
        json.dumps([{"name": "auth", "pid": other.pid, "started": "another time", "stop_signal": 9}])
    )
    assert end_leftovers(record) == []
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"name": "x"}]'])
def test_a_damaged_record_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "record.json").write_text(content)
    assert end_leftovers(tmp_path / "record.json") == []


def test_a_zombie_counts_as_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert started(process.pid) is None
    assert not Recorded("zombie", process.pid, "then").alive()
    process.wait()


def test_the_log_of_the_last_run_is_kept_beside(tmp_path: Path) -> None:
    (tmp_path / "auth.log").write_text("new")
    (tmp_path / "auth.log.1").write_text("old")
    rotate_logs(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"auth.log.1": "new"}
