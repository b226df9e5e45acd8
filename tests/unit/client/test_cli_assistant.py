"""What an assistant may do with an account, asked by the protocol's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from threading import Barrier, BrokenBarrierError
from typing import Any

import mcp
import pytest
from smelt_client import Client, SmeltError
from smelt_client.assistants import Budget, server_of

from tests.unit.client.conftest import TOKEN, URL, Server, Smelt, job

READING = {
    "list_files",
    "get_file",
    "list_templates",
    "list_jobs",
    "get_job",
    "list_models",
    "get_usage",
    "estimate_job",
    "preview_template",
    "read_rows",
    "read_answers",
}


@asynccontextmanager
async def assistant(server: Server, budget: str | None = None) -> AsyncIterator[mcp.Client]:
    """An assistant that is connected to the account at a scripted server."""
    client = Client(URL, TOKEN, transport=server.transport, retries=0)
    money = None if budget is None else Budget(Decimal(budget))
    async with mcp.Client(server_of(client, money)) as connected:
        yield connected


async def asked(connected: mcp.Client, tool: str, **arguments: Any) -> tuple[bool, str]:
    """Whether a tool failed, and what it said."""
    result = await connected.call_tool(tool, arguments)
    return bool(result.is_error), "\n".join(getattr(part, "text", "") for part in result.content)


async def test_it_only_reads_unless_it_may_run(server: Server) -> None:
    async with assistant(server) as connected:
        tools = (await connected.list_tools()).tools
        assert {tool.name for tool in tools} == READING
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        failed, _ = await asked(connected, "start_job", file="files/f1", templates=["t1"], max_cost_usd="1")
    assert failed
    assert server.asked == []


async def test_it_finds_files_templates_and_estimates(server: Server) -> None:
    server.says({"files": [{"name": f"files/f{number}"} for number in range(3)]})
    server.says({"row_count": 20, "cost_high_usd": "0.01"})
    async with assistant(server) as connected:
        failed, said = await asked(connected, "list_files", limit=2)
        assert (failed, said.count("files/f")) == (False, 2)
        _, said = await asked(connected, "estimate_job", file="files/f1", templates=["templates/t1"])
    assert json.loads(said)["cost_high_usd"] == "0.01"


async def test_cells_are_shown_only_by_tools_for_them_and_cut(server: Server) -> None:
    server.says({"name": "files/f1", "columns": [{"name": "Note"}]})
    server.says({"rows": [{"number": 1, "cells": ["x" * 5000]}]})
    async with assistant(server) as connected:
        _, said = await asked(connected, "read_rows", file="files/f1", row_count=10_000)
    assert "(5000 characters)" in said
    assert len(said) < 1000
    assert server.asked[-1].url.params["count"] == "20"


async def test_a_refusal_is_told_without_the_token(server: Server) -> None:
    server.refuses(404, "FILE_NOT_FOUND", "File not found")
    async with assistant(server) as connected:
        failed, said = await asked(connected, "get_file", file="files/none")
    assert (failed, "File not found" in said, TOKEN in said) == (True, True, False)


async def test_jobs_start_within_the_budget_and_no_further(server: Server) -> None:
    server.says(job()).refuses(400, "UNKNOWN_VARIABLE").says(job()).says({}, 503)
    start = {"file": "files/f1", "templates": ["templates/t1"]}
    async with assistant(server, "1.00") as connected:
        assert {tool.name for tool in (await connected.list_tools()).tools} > READING
        assert not (await asked(connected, "start_job", **start, max_cost_usd="0.60"))[0]
        assert server.body()["max_cost_usd"] == "0.60"
        failed, said = await asked(connected, "start_job", **start, max_cost_usd="0.41")
        assert (failed, "0.40" in said) == (True, True)
        # What a refused job had set aside is there again; of one that may have begun it is not.
        assert (await asked(connected, "start_job", **start, max_cost_usd="0.40"))[0]
        assert not (await asked(connected, "start_job", **start, max_cost_usd="0.30"))[0]
        assert (await asked(connected, "start_job", **start, max_cost_usd="0.10"))[0]
        for amount in ("0.01", "0", "-1", "nan", ""):
            assert (await asked(connected, "start_job", **start, max_cost_usd=amount))[0], amount
    assert len(server.asked) == 4


def test_of_two_jobs_at_once_no_more_is_let_in_than_the_budget_has() -> None:
    both_compare = Barrier(2)

    class Slow(Decimal):
        """An amount that is compared when the other one is, if the budget lets it."""

        def __le__(self, left: Any) -> bool:
            fits = bool(Decimal(self) <= left)
            with suppress(BrokenBarrierError):
                both_compare.wait(0.5)
            return fits

    budget = Budget(Decimal("1"))

    def take(amount: Decimal) -> bool:
        try:
            budget.take(amount)
        except SmeltError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(take, [Slow("0.6"), Slow("0.6")])) == 1


@pytest.mark.parametrize("arguments", [("--allow-run",), ("--budget", "5")])
def test_running_needs_a_budget(server: Server, smelt: Smelt, arguments: tuple[str, ...]) -> None:
    code, _, err = smelt("mcp", *arguments)
    assert (code, server.asked) == (2, [])
    assert "--budget" in err
