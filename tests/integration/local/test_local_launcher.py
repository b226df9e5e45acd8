"""The launcher around real stores and a real Envoy, with services that only answer probes."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local.pids import started
from deploy.local.probes import http_status
from tests.integration.local.hollow import PROVIDER_KEY, Hollow, eventually, gone, hollow_in
from tests.support.long_form import first
from tests.support.session import Session

NAMES = {
    *("postgres", "keystore", "valkey", "s3", "envoy", "auth", "vault", "files", "processor"),
    *("worker-1", "worker-2", "provider"),
}


@pytest.fixture
def hollow(test_session: Session) -> Iterator[Hollow]:
    """A launcher that the test starts."""
    with hollow_in(test_session) as launcher:
        yield launcher


@pytest.fixture(scope="module")
def steady(test_session: Session) -> Iterator[Hollow]:
    """A running stack for tests that only look."""
    with hollow_in(test_session) as launcher:
        launcher.start()
        launcher.wait_ready()
        yield launcher


@pytest.mark.parametrize("number", first(1, [signal.SIGTERM, signal.SIGINT]))
def test_a_signal_to_the_whole_group_stops_everything(hollow: Hollow, number: signal.Signals) -> None:
    hollow.start()
    pids = hollow.wait_ready()
    assert set(pids) == NAMES
    os.killpg(hollow.process.pid, number)
    status, output = hollow.end()
    assert (status, output.splitlines()[-1]) == (0, "smelt: stopped")
    assert gone(pids)
    assert not (hollow.state / "stack.json").exists()
    assert "Traceback" not in output


def test_stack_json_tells_where_the_stack_is_and_nothing_secret(steady: Hollow) -> None:
    told = json.loads((steady.state / "stack.json").read_text())
    assert set(told) == {"gateway_url", "ca_file", "provider_url", "pids"}
    assert (steady.state / "stack.json").stat().st_mode & 0o777 == 0o644
    port = int(told["gateway_url"].rpartition(":")[2])
    assert http_status(port, "/healthz", ca_file=Path(told["ca_file"])) == 200


def test_no_secret_stands_in_the_arguments_or_the_environment_of_a_process(steady: Hollow) -> None:
    pids = steady.pids()
    secrets = [path for path in (steady.state / "secrets").iterdir() if path.suffix in (".password", ".key")]
    assert len(secrets) >= 9
    values = {path.name: path.read_bytes().strip() for path in secrets}
    for name, pid in pids.items():
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert arguments
        for kept_in, value in values.items():
            assert value not in arguments, (name, kept_in)
            assert value not in environment, (name, kept_in)
        assert PROVIDER_KEY.encode() not in arguments + environment, name


def test_only_their_owner_can_read_secrets(steady: Hollow) -> None:
    for directory in ("secrets", "logs", "vault", "postgres", "keystore", "s3", "valkey"):
        assert (steady.state / directory).stat().st_mode & 0o066 == 0, directory
    for path in [*(steady.state / "secrets").iterdir(), *(steady.state / "certs").glob("*.key")]:
        assert path.stat().st_mode & 0o777 == 0o600, path.name
    assert not list((steady.state / "postgres").glob("*password*"))


def test_after_a_killed_launcher_the_next_ends_its_processes_and_keeps_the_data(hollow: Hollow) -> None:
    hollow.start()
    first = hollow.wait_ready()
    hollow.query("CREATE TABLE kept AS SELECT 42 AS number")
    hollow.process.kill()
    hollow.end()
    assert all(started(pid) for pid in first.values())
    (hollow.state / "stack.json").rename(hollow.state / "old.json")
    hollow.start()
    second = hollow.wait_ready()
    assert gone(first)
    assert not set(first.values()) & set(second.values())
    assert hollow.query("SELECT number FROM kept") == [(42,)]
    hollow.process.send_signal(signal.SIGTERM)
    status, output = hollow.end()
    assert status == 0
    assert "ended processes left over from an earlier launcher" in output


@pytest.mark.parametrize("name", first(1, ["vault", "worker-1", "postgres"]))
def test_a_process_that_is_killed_comes_back(hollow: Hollow, name: str) -> None:
    hollow.start()
    before = hollow.wait_ready()
    os.kill(before[name], signal.SIGKILL)
    eventually(lambda: hollow.pids()[name] != before[name])
    after = hollow.pids()
    assert {other for other in NAMES if after[other] != before[other]} == {name}
    if name == "postgres":
        eventually(lambda: answers(hollow))
    hollow.process.send_signal(signal.SIGTERM)
    status, output = hollow.end()
    assert status == 0
    assert f"{name} was killed by SIGKILL; restarting it in 0.1 s" in output
    assert gone(after)


def answers(hollow: Hollow) -> bool:
    try:
        return hollow.query("SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


@pytest.mark.long
def test_a_second_signal_leaves_nothing_behind_either(hollow: Hollow) -> None:
    hollow.start()
    pids = hollow.wait_ready()
    os.kill(pids["processor"], signal.SIGSTOP)
    hollow.process.send_signal(signal.SIGINT)

    def ended() -> bool:
        # Send another signal once the first has surely been handled, however slow the machine is.
        time.sleep(1.5)
        hollow.process.send_signal(signal.SIGINT)
        return hollow.process.poll() is not None

    # Without the second signal, a process that does not stop has more time than this test.
    eventually(ended)
    assert hollow.end()[0] == 0
    eventually(lambda: gone(pids))


def test_a_signal_during_the_start_stops_what_has_started(hollow: Hollow) -> None:
    hollow.start()
    record = hollow.state / "processes.json"
    eventually(lambda: record.exists() and "valkey" in record.read_text(), alive=hollow.process)
    hollow.process.send_signal(signal.SIGTERM)
    status, output = hollow.end()
    assert (status, output.splitlines()[-1]) == (0, "smelt: stopped")
    assert record.read_text() == "[]"


@pytest.mark.long
def test_two_launchers_do_not_share_a_state_directory(hollow: Hollow) -> None:
    hollow.start()
    hollow.wait_ready()
    second = Hollow(hollow.state.parent)
    second.start()
    status, output = second.end()
    assert status == 1
    assert output.splitlines()[1:] == [
        f"smelt: the stack is already running on {hollow.state} (pid {hollow.process.pid})"
    ]
    assert (hollow.state / "stack.json").exists()


def test_a_taken_port_is_named(hollow: Hollow) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        hollow.start(SMELT_GATEWAY_PORT=str(port))
        status, output = hollow.end()
    assert status == 1
    assert output.splitlines()[1:] == [
        f"smelt: port {port} is in use: set SMELT_GATEWAY_PORT to another one, or to 0 for any"
    ]


def test_a_process_that_ends_early_is_named_with_its_last_words(hollow: Hollow) -> None:
    hollow.start(SMELT_SECURITY_CONTACT="refuse")
    status, output = hollow.end()
    assert status == 1
    (line,) = output.splitlines()[1:]
    assert line.startswith("smelt: gateway-render exited with code 3: no such contact (log: ")
    assert (hollow.state / "processes.json").read_text() == "[]"


def test_a_second_start_uses_the_same_ports_and_keeps_the_logs_of_the_first(hollow: Hollow) -> None:
    hollow.start()
    hollow.wait_ready()
    first = json.loads((hollow.state / "stack.json").read_text())
    hollow.process.send_signal(signal.SIGTERM)
    assert hollow.end()[0] == 0
    hollow.start()
    hollow.wait_ready()
    second = json.loads((hollow.state / "stack.json").read_text())
    assert second["provider_url"] == first["provider_url"]
    assert (hollow.state / "logs" / "auth.log.1").read_text() == "serving\n"
    assert (hollow.state / "logs" / "auth.log").read_text() == "serving\n"
