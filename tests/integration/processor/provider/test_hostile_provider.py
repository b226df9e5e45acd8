"""A hostile provider: its answers are bounded in time and memory, never followed and never logged."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, State, Suite, gateway_channel
from tests.support.provider import Provider
from tests.support.vault.known import PROVIDER_SECRET, ApiKey
from tests.support.vault.stand_in import VaultStandIn

#: Enough for an honest answer on a busy machine; a trickle takes three times as long.
TOTAL_SECONDS = 6
HEADERS = 100_000


class Flood:
    """Answers every request with far too many headers, and counts the requests."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.address = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readline())
        many = b"".join(b"x-header-%d: %d\r\n" % (number, number) for number in range(HEADERS))
        try:
            writer.write(b"HTTP/1.1 200 OK\r\n" + many + b"content-length: 2\r\n\r\n{}")
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def flood() -> AsyncIterator[Flood]:
    made = Flood()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made.address = f"{host}:{port}"
    async with server:
        yield made


@pytest.fixture
def apart(suite_apart: Suite, flood: Flood) -> tuple[Suite, Process]:
    """A processor whose worker has a short timeout and may also call the flood."""
    suite_apart.settings["SMELT_PRIVATE_PROVIDERS"] += f",{flood.address}"
    suite_apart.settings["SMELT_PROVIDER_TOTAL_SECONDS"] = str(TOTAL_SECONDS)
    suite_apart.serve()
    return suite_apart, suite_apart.worker()


def peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


@pytest.mark.promise("S45")
async def test_what_a_hostile_provider_sends_is_only_data(
    apart: tuple[Suite, Process],
    stand_ins: StandIns,
    world: World,
    vault: VaultStandIn,
    provider: Provider,
    flood: Flood,
) -> None:
    suite, worker = apart
    mark = f"answer-{secrets.token_hex(8)}"
    provider.script(
        {"action": "key_echo", "contains": "Row1."},
        {"action": "huge", "megabytes": 50, "contains": "Row2."},
        {"action": "trickle", "contains": "Row3."},
        {"action": "redirect", "location": f"http://{flood.address}/elsewhere", "contains": "Row4."},
        {"action": "html", "contains": "Row5."},
        {"action": "nuls", "contains": "Row6."},
        {"action": "wrong_types", "contains": "Row7."},
        {"action": "status", "status": 405, "echo_key": "full", "contains": "Row8."},
        {"action": "content", "content": f"\x1b[2J{mark}\r\n{{{{Name}}}}", "contains": "Row9."},
    )
    before = peak_mib(worker.pid)
    async with gateway_channel(suite.certificates, suite.address) as channel:
        ada = Person(channel, stand_ins.passport("ada"))
        template = await ada.template("Hello {{Name}}")
        file = world.add_file(["Name"], [[f"Row{number}."] for number in range(1, 11)])
        job = await ada.start(file, template, parallel_calls=10)
        done = await ada.until(job.name)
        assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 2)
        rows = (await ada.rows(job.name)).rows
        assert [row.error.reason for row in rows] == [
            *("PROVIDER_ANSWER_INVALID", "PROVIDER_ANSWER_INVALID", "PROVIDER_UNAVAILABLE"),
            *("PROVIDER_REJECTED", "PROVIDER_ANSWER_INVALID", "PROVIDER_ANSWER_INVALID"),
            *("PROVIDER_ANSWER_INVALID", "PROVIDER_REJECTED", "", ""),
        ]
        assert not any(PROVIDER_SECRET in str(row) for row in rows)
        assert dict(rows[8].outputs) == {"Hook": f"\x1b[2J{mark}\r\n{{{{Name}}}}"}
        assert flood.asked == []
        vault.usual_key = ApiKey("apiKeys/flooded", f"http://{flood.address}/v1")
        flooded = await ada.start(world.add_file(["Name"], [["x"]]), template)
        ended = await ada.until(flooded.name)
    assert (ended.state, ended.request_counts.failed) == (State.COMPLETED, 1)
    assert len(flood.asked) == 3
    # An answer takes at most a megabyte, however much is sent.
    assert peak_mib(worker.pid) - before < 100
    written = suite.logs()
    assert job.name.removeprefix("jobs/") in written
    assert PROVIDER_SECRET not in written
    assert mark not in written
