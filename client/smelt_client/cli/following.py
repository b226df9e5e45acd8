"""Shows a job's progress: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable

import typer
from rich.progress import BarColumn, Progress, TextColumn

from ..errors import SmeltError
from ..models import Job
from .printing import Output, clean

PLAIN_SECONDS = 5.0


def follow(out: Output, jobs: Iterable[Job], name: str) -> Job:
    """Show a job until it stops, and return its last state. Leaving early does not end the job."""
    try:
        shown = _live(out, jobs) if out.messages.is_terminal and not out.quiet else _plain(out, jobs)
    except KeyboardInterrupt:
        typer.echo(f"\nThe job keeps running. Watch it: smelt jobs watch {clean(name)}", err=True)
        raise typer.Exit(130) from None
    except SmeltError:
        typer.echo(f"The job is not affected. Watch it: smelt jobs watch {clean(name)}", err=True)
        raise
    if shown is None:
        raise SmeltError("the server closed the stream without sending the job's state")
    return shown


def line(job: Job) -> str:
    """Return a job's progress as one line."""
    counts = job.request_counts
    parts = [f"{counts.done}/{counts.total} rows", f"{counts.succeeded} succeeded", f"{counts.failed} failed"]
    parts += [f"{counts.skipped} blank"] if counts.skipped else []
    return clean(f"{job.name} {_state(job)}: {', '.join([*parts, *_pace(job)])}")


def _state(job: Job) -> str:
    return f"{job.state} ({job.pause_reason})" if job.state == "PAUSED" else job.state


def _pace(job: Job) -> list[str]:
    """Return the rate and the time left, as far as they are known and still matter."""
    if job.is_final:
        return []
    rate = [f"{job.rows_per_second:.1f} rows/s"] if job.rows_per_second > 0 else []
    return [*rate, f"{_span(job.eta_seconds)} left"] if job.eta_seconds > 0 else rate


def _plain(out: Output, jobs: Iterable[Job]) -> Job | None:
    job, state, told = None, "", 0.0
    for job in jobs:
        if job.state != state or time.monotonic() - told >= PLAIN_SECONDS:
            out.message(line(job))
            state, told = job.state, time.monotonic()
        if job.has_stopped:
            break
    return job


def _live(out: Output, jobs: Iterable[Job]) -> Job | None:
    job = None
    # Short, so that the bar fits on 80 columns.
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %", markup=False),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*columns, console=out.messages, expand=True) as progress:
        task = progress.add_task("", total=None, told="")
        for job in jobs:
            counts = job.request_counts
            blank = [f"{counts.skipped} blank"] if counts.skipped else []
            told = ", ".join([f"{counts.succeeded} ok", f"{counts.failed} failed", *blank, *_pace(job)])
            progress.update(
                task,
                description=clean(_state(job)),
                completed=counts.done,
                total=counts.total or None,
                told=clean(told),
            )
            if job.has_stopped:
                break
    return job


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
