"""What those see who watch over an installation: a worker's own figures, and how much work there is."""

import re
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import REGISTRY

from services.common.database import raw_pool
from services.processor.jobs.store.figures import Figures
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

COLUMNS = ["Name"]


@pytest.fixture(scope="module")
def worker(suite: Suite) -> Process:
    """The only worker, so that it has done whatever was done."""
    for process in suite.processes[1:]:
        process.popen.terminate()
        process.popen.wait(PATIENCE_SECONDS)
    return suite.worker()


async def figures_of(process: Process) -> dict[str, float]:
    """Every sample of a process's /metrics, by its name with its labels."""
    told = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
    (health,) = (entry.partition("=")[2] for entry in told if entry.startswith("SMELT_HEALTH_LISTEN="))
    async with aiohttp.ClientSession() as http, http.get(f"http://{health}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    found = (re.fullmatch(r"(smelt_\S+) (\S+)", line) for line in lines)
    return {match[1]: float(match[2]) for match in found if match}


async def test_a_worker_counts_its_rows_and_times_its_calls(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    before = await figures_of(worker)
    file = world.add_file(COLUMNS, [[f"Name{number}"] for number in range(40)])
    job = await ada.start(file, await ada.template("Greet {{Name}}"), parallel_calls=10)
    assert (await ada.until(job.name)).state == State.COMPLETED
    after = await figures_of(worker)
    for name in (
        'smelt_rows_total{outcome="succeeded"}',
        'smelt_provider_call_seconds_count{outcome="answered"}',
    ):
        assert after[name] - before.get(name, 0.0) == 40, name
    assert after["smelt_provider_calls_in_flight"] == 0
    assert after["smelt_ready"] == 1


async def test_how_much_work_there_is_stands_in_the_processors_figures(
    ada: Person, worker: Process, world: World, provider: Provider, suite: Suite
) -> None:
    provider.script(latency_ms=2000)
    file = world.add_file(COLUMNS, [[f"Name{number}"] for number in range(100)])
    job = await ada.start(file, await ada.template("Greet {{Name}}"), parallel_calls=2)
    pool = raw_pool(suite.conninfo)
    await pool.open()
    try:
        figures = Figures(pool)
        await figures.read()
        live = _live("PENDING") + _live("RUNNING")
        assert live >= 1
        assert _value("smelt_shards_waiting") + _value("smelt_shards_running") >= 1
        paused = _live("PAUSED")
        await ada.pause(job.name)
        await figures.read()
        assert (_live("PAUSED"), _live("PENDING") + _live("RUNNING")) == (paused + 1, live - 1)
    finally:
        await pool.close()
        await ada.cancel(job.name)


def _value(name: str) -> float:
    found = REGISTRY.get_sample_value(name)
    assert found is not None
    return found


def _live(state: str) -> float:
    return REGISTRY.get_sample_value("smelt_live_jobs", {"state": state}) or 0.0
