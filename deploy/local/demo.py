"""`python -m deploy.local demo`: starts the stack, runs a job on a sample, and shows its first rows."""

import csv
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from smelt_client import Job, SmeltError

from deploy.local.demo_job import OUTPUT_COLUMN, Demo
from deploy.local.errors import CannotStart, Interrupted
from deploy.local.launcher import running, supervise
from deploy.local.runtime import ROOT
from deploy.local.settings import LauncherSettings
from deploy.local.signals import StopSignals
from deploy.local.stack import Stack

SAMPLE = ROOT / "examples" / "leads.csv"
SHOWN_ROWS = 5
INTERRUPTED = 130
LEAVING_SECONDS = 5.0


def demo(settings: LauncherSettings) -> int:
    """Show what Smelt does; the exit code is 0 when every row got its answer."""
    console = Console()
    signals = StopSignals()
    signals.install()
    try:
        console.print("Starting Smelt: stores, four services, two workers, gateway ...")
        with running(settings, signals, say=console.print) as stack:
            console.print(f"Everything is running; the gateway is at {stack.gateway.url}")
            show = _Show(console, stack)
            supervise(stack, console.print)
            console.print("Stopping ...")
        # With the stack gone, whatever the job was waiting for has ended.
        show.join(LEAVING_SECONDS)
        if signals.received.is_set():
            console.show_cursor()
            return INTERRUPTED
        show.result()
    except Interrupted:
        return INTERRUPTED
    except SmeltError as error:
        raise CannotStart(f"the demo failed: {error} (logs: {settings.state_dir / 'logs'})") from error
    finally:
        signals.ignore()
    return 0


class _Show:
    """The job in a thread of its own, so that a signal ends the demo whatever the job is waiting for."""

    def __init__(self, console: Console, stack: Stack) -> None:
        self._console = console
        self._stack = stack
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for its end, at most this long."""
        self._thread.join(seconds)

    def result(self) -> None:
        """Raise what it raised."""
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            _show(self._console, self._stack)
        except Exception as error:  # noqa: BLE001 -- raised again by `result`
            self._error = error
        finally:
            self._stack.stopping.set()


def _show(console: Console, stack: Stack) -> None:
    """Run the job and show its result."""
    state = stack.layout.state
    openai_secret = os.environ.get("OPENAI_API_KEY")
    account = Demo.sign_in(stack.gateway.url, ca_file=stack.gateway.ca_file, memory=state / "demo.json")
    with account.client as client:
        api_key = account.add_key(openai_secret, stand_in_url=stack.provider_url)
        console.print(
            "The API key is in the vault. Answers come from "
            + ("OpenAI." if openai_secret else "a stand-in provider; set OPENAI_API_KEY for real ones.")
        )
        updates = account.run(SAMPLE, template=account.add_template(), api_key=api_key)
        job = _follow(console, updates)
        if job.state != "COMPLETED" or job.request_counts.failed:
            reason = f": {job.error.message}" if job.error.message else ""
            raise CannotStart(
                f"the demo's job ended {job.state} with {job.request_counts.failed} failed rows{reason}"
            )
        result = state / "demo-result.csv"
        client.jobs.download(job.name, result)
        result.chmod(0o600)
    console.print(_first_rows(result))
    console.print(f"All {job.request_counts.total} rows are in {result}", soft_wrap=True)


def _follow(console: Console, updates: Iterator[Job]) -> Job:
    """Show a bar that moves with the job; return its last state."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(f"Running a template over {SAMPLE.name}", total=None)
        for job in updates:
            counts = job.request_counts
            progress.update(bar, total=counts.total or None, completed=counts.done)
    return job


def _first_rows(result: Path) -> Table:
    with result.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    table = Table(title=f"The first {SHOWN_ROWS} of {len(rows)} rows")
    shown = ("First Name", "Company", OUTPUT_COLUMN)
    for column in shown:
        table.add_column(column)
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*(row[column] for column in shown))
    return table
