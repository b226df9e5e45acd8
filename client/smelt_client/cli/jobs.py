"""Commands for jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated

import typer

from ..client import Client
from ..models import Job, Problem, RequestCounts
from . import asking
from .common import AsJson, Fields, Limit, MaxCost, Quiet, WrongUsage, Yes, group, logged_in
from .following import follow, line
from .forms import Bom, Delimiter, Format, LineEnds, Out, Quotes, form_of
from .names import completing, found
from .outputs import destination, output_path
from .printing import Output, clean, error_line, when

jobs = group("Watch, steer and delete jobs; see their rows.")

FINISHED_WITH_FAILED_ROWS = 5

Name = Annotated[
    str, typer.Argument(metavar="JOB", help="jobs/ID, or just the ID.", autocompletion=completing("jobs"))
]
ApiKey = Annotated[
    str | None, typer.Option(help="The API key to use; the job's own if missing.", show_default=False)
]


#: What a resumed job needs that paused for one of these reasons.
_TO_GO_ON = {"BUDGET": " --max-cost USD", "API_KEY_DELETED": " --api-key KEY"}


def exit_code(job: Job) -> int:
    """Return the exit code for a job's state, after printing the reason if the job did not fully succeed."""
    if job.state == "COMPLETED":
        return FINISHED_WITH_FAILED_ROWS if job.request_counts.failed else 0
    reason = job.error.reason or (job.pause_reason if job.state == "PAUSED" else "")
    said = ": ".join(part for part in (f"{job.name} is {job.state}", job.error.message) if part)
    typer.echo(error_line(said, reason), err=True)
    if job.error.provider_message:
        typer.echo(f"The provider said: {clean(job.error.provider_message)}", err=True)
    if job.state == "PAUSED":
        more = _TO_GO_ON.get(job.pause_reason, "")
        typer.echo(f"To go on: smelt jobs resume {job.name}{more}", err=True)
    return 1


@jobs.command("list")
def list_jobs(
    state: Annotated[
        str | None,
        typer.Option(
            help="Only PENDING, RUNNING, PAUSED, COMPLETED, FAILED or CANCELLED jobs.", show_default=False
        ),
    ] = None,
    limit: Limit = None,
    fields: Fields = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the jobs, newest first."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    with logged_in() as client:
        listed = client.jobs.list(state=None if state is None else state.upper())
        files, templates = _display_names(client, wanted=not as_json and fields is None)
        columns = {
            "NAME": lambda job: job.name,
            "STATE": lambda job: job.state,
            "ROWS": lambda job: job.request_counts.total,
            "SUCCEEDED": lambda job: job.request_counts.succeeded,
            "FAILED": lambda job: job.request_counts.failed,
            "CREATED": lambda job: when(job.create_time),
            "CALLED": lambda job: job.display_name,
            "FILE": lambda job: job.file_display_name or files.get(job.file, "deleted"),
            "TEMPLATES": lambda job: ", ".join(
                [step.display_name for step in job.steps]
                or [templates.get(name, "deleted") for name in job.templates]
            ),
        }
        out.items(listed, columns)


def _display_names(client: Client, *, wanted: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return how the account's files and templates are called."""
    if not wanted:
        return {}, {}
    return (
        {file.name: file.display_name for file in client.files.list()},
        {template.name: template.display_name for template in client.templates.list()},
    )


@jobs.command()
def show(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Show a job."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.jobs.get(found(client, "jobs", name)))


@jobs.command()
def watch(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Watch a job until it ends or pauses. With --json, print a line per change. Ctrl-C leaves it running."""
    out = Output(as_json=as_json, quiet=quiet or as_json)
    with logged_in() as client:
        job = follow(out, _telling(out, client.jobs.watch(found(client, "jobs", name))), name)
    if not as_json:
        print(line(job))
    raise typer.Exit(exit_code(job))


@jobs.command()
def wait(
    names: Annotated[list[str], typer.Argument(metavar="JOB...", help="jobs/ID, or just the ID.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Wait until jobs have ended or are paused. The exit code is that of the first that went wrong."""
    out = Output(as_json=as_json, quiet=quiet)
    codes = []
    with logged_in() as client:
        for name in names:
            job = client.jobs.wait(found(client, "jobs", name))
            if out.as_json:
                out.json(job.raw)
            else:
                print(line(job))
            codes.append(exit_code(job))
    raise typer.Exit(next(filter(None, codes), 0))


@jobs.command()
def cancel(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Cancel a job for good. Finished rows keep their results."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        asking.confirm(f"Cancel {name} for good?", yes=yes)
        _show(out, client.jobs.cancel(found(client, "jobs", name)))


@jobs.command()
def rm(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a job that has ended, with its rows and results."""
    out = Output(as_json=as_json, quiet=quiet)
    asking.confirm(f"Delete {name} and its results?", yes=yes)
    with logged_in() as client:
        client.jobs.delete(found(client, "jobs", name))
    if as_json:
        out.json({})
    out.message(f"Deleted {name}")


@jobs.command()
def pause(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Pause a job.

    Rows in flight finish, no new ones start, and results are kept.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.jobs.pause(found(client, "jobs", name)))


@jobs.command()
def resume(
    name: Name,
    api_key: ApiKey = None,
    max_cost: MaxCost = None,
    end_economy: Annotated[
        bool, typer.Option("--end-economy", help="Make no further batches; send the rest at full price.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Resume a paused job. Finished rows are never sent again."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        job = client.jobs.resume(
            found(client, "jobs", name),
            api_key=api_key,
            max_cost_usd=max_cost,
            end_economy=end_economy or None,
        )
        _show(out, job)
        _goes_on(out, job)


@jobs.command("retry-failed")
def retry_failed(name: Name, api_key: ApiKey = None, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Send the failed rows of a completed job again. This counts as usage."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        job = client.jobs.retry_failed(found(client, "jobs", name), api_key=api_key)
        _show(out, job)
        _goes_on(out, job)


@jobs.command()
def regenerate(
    name: Name,
    row: Annotated[int, typer.Argument(min=1, metavar="ROW", help="The row's number in the file.")],
    api_key: ApiKey = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Send one row of a completed job again.

    Its answers are replaced. This counts as usage.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _show(out, client.jobs.regenerate(found(client, "jobs", name), row, api_key=api_key))


@jobs.command()
def restore(
    name: Name,
    row: Annotated[int, typer.Argument(min=1, metavar="ROW", help="The row's number in the file.")],
    fixed: Annotated[bool, typer.Option("--fixed", help="Take off again what auto-fix takes off.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put a row's raw answers back.

    They are the answers with what auto-fix took off.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        restored = client.jobs.restore_answers(found(client, "jobs", name), row, fixed=fixed)
        out.one(restored, {"row": restored.number, **restored.outputs})


@jobs.command()
def edit(
    name: Name,
    row: Annotated[int, typer.Argument(min=1, metavar="ROW", help="The row's number in the file.")],
    column: Annotated[str, typer.Argument(metavar="COLUMN", help="The output column.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words to put in the answer's place.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put your own words in the place of an answer. The answer is kept; send it again to take this back."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        edited = client.jobs.update_row(found(client, "jobs", name), row, {column: text})
        before = {f"{each} (before)": old for each, old in edited.edited_outputs.items()}
        out.one(edited, {"row": edited.number, **edited.outputs, **before})


@jobs.command()
def rows(
    name: Name,
    state: Annotated[
        str | None, typer.Option(help="Only SUCCEEDED, FAILED, SKIPPED or PENDING rows.", show_default=False)
    ] = None,
    flag: Annotated[
        list[str] | None, typer.Option(help="Only rows with this flag; can be repeated.", show_default=False)
    ] = None,
    limit: Limit = None,
    fields: Fields = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List a job's rows with their flags and outputs."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    clauses = [f"state = {state.upper()}"] if state else []
    clauses += [f"flag = {each}" for each in flag or ()]
    columns = {
        "ROW": lambda row: row.number,
        "STATE": lambda row: row.state,
        "CONFIDENCE": lambda row: "" if row.state == "PENDING" else row.confidence,
        "FLAGS": lambda row: ", ".join(row.flags),
        "OUTPUTS": lambda row: " | ".join(row.outputs.values()) or _why(row.error),
    }
    with logged_in() as client:
        out.items(
            client.jobs.rows(found(client, "jobs", name), row_filter=" AND ".join(clauses) or None), columns
        )


@jobs.command()
def download(
    name: Name,
    output: Out,
    only: Annotated[
        str, typer.Option(help="Only rows that `succeeded` or `failed`.", show_default=False)
    ] = "",
    with_column: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Add a column: `confidence`, `flags`, `error` or `raw`; can be repeated.",
            show_default=False,
        ),
    ] = None,
    format_: Format = "",
    delimiter: Delimiter = None,
    bom: Bom = None,
    line_end: LineEnds = None,
    quoting: Quotes = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Keep new cells as they are, even if a spreadsheet would run them as formulas."
        ),
    ] = False,
    neutral_columns: Annotated[
        bool, typer.Option("--neutral-columns", help="Turn formulas in the file's own columns into text too.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download the results and verify their length and digest.

    The ending of OUT decides the format. CSV is written as the uploaded file was, unless you say otherwise.
    """
    out = Output(as_json=as_json, quiet=quiet)
    path = output_path(output, as_json=as_json)
    if only not in ("", "succeeded", "failed"):
        raise WrongUsage(f"--only must be succeeded or failed, not {only}")
    form = replace(
        form_of(path, format_, delimiter=delimiter, bom=bom, line_end=line_end, quoting=quoting),
        only=only,
        columns=tuple(with_column or ()),
        raw=raw,
        neutral_columns=neutral_columns,
    )
    with logged_in() as client:
        job = client.jobs.get(found(client, "jobs", name))
        with destination(path) as target:
            written = client.jobs.download(job, target, form)
    if as_json:
        out.json({"job": job.raw, "output": str(path), "size_bytes": written})
    if not job.is_final:
        out.message(f"{job.name} is {job.state}: unfinished rows have empty cells")
    out.message(f"Wrote {path}: {written} bytes")


@jobs.command()
def settings(
    parallel: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Provider calls in flight per job, by default; 0 for the installation's number.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the settings for all jobs, or change them."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        if parallel is None:
            found = client.jobs.settings()
        else:
            found = client.jobs.update_settings(parallel_calls=parallel)
    usual = found.installation_parallel_calls
    fields = {
        "parallel calls": found.parallel_calls or f"{usual} (the installation's default)",
        "at most": found.max_parallel_calls,
    }
    out.one(found, fields)


def _telling(out: Output, seen: Iterator[Job]) -> Iterator[Job]:
    for job in seen:
        if out.as_json:
            out.json(job.raw)
        yield job
        if job.has_stopped:
            return


def outcomes(counts: RequestCounts) -> str:
    """Return the rows of a job by outcome, in words."""
    said = f"{counts.succeeded} succeeded, {counts.failed} failed"
    return f"{said}, {counts.skipped} skipped as blank" if counts.skipped else said


def _why(error: Problem) -> str:
    """Return why a row failed, with the provider's own words."""
    said = error.provider_message
    return f"{error.message}. The provider said: {said}" if said else error.message


def _cost(job: Job) -> str:
    """Return the cost of a job so far, and its maximum."""
    limit = f", at most ${job.max_cost_usd}" if job.max_cost_usd else ""
    about = "about " if job.tokens_estimated else ""
    return (f"{about}${job.cost_usd}" if job.cost_usd else "unknown: a model without a price") + limit


def _by_number(counts: Mapping[str, int]) -> str:
    """Return names with their numbers of rows, the largest first."""
    return ", ".join(f"{rows} {name}" for name, rows in sorted(counts.items(), key=lambda each: -each[1]))


def _goes_on(out: Output, job: Job) -> None:
    """Say how to see the end of a job that goes on."""
    out.message(f"Watch it: smelt jobs watch {job.name}; then: smelt jobs download {job.name} -o OUT")


def _show(out: Output, job: Job) -> None:
    counts = job.request_counts
    called = {"called": job.display_name} if job.display_name else {}
    names = {step.template: f" ({clean(step.display_name)})" for step in job.steps}
    fields = {
        "name": job.name,
        **called,
        "state": f"{job.state} ({job.pause_reason})" if job.state == "PAUSED" else job.state,
        "file": job.file + (f" ({clean(job.file_display_name)})" if job.file_display_name else ""),
        "templates": ", ".join(name + names.get(name, "") for name in job.templates),
        "rows": f"{job.first_row}-{job.last_row}",
        "done": f"{counts.done}/{counts.total} ({outcomes(counts)})",
        **({"failed": _by_number(job.error_counts)} if job.error_counts else {}),
        **({"flags": _by_number(job.flag_counts)} if job.flag_counts else {}),
        "tokens": f"{job.input_tokens} in, {job.output_tokens} out"
        + (", estimated: the provider tells no numbers" if job.tokens_estimated else ""),
        "cost": _cost(job),
        "API key": job.api_key,
        "parallel": job.parallel_calls,
        "created": when(job.create_time),
        "started": when(job.start_time),
        "ended": when(job.end_time),
    }
    if job.economy:
        fields["economy"] = f"{job.batches_under_way} batches under way, the rest {job.economy_rest.lower()}"
    if job.error.reason:
        fields["error"] = f"{job.error.message} ({job.error.reason})"
    if job.error.provider_message:
        fields["provider said"] = job.error.provider_message
    out.one(job, fields)
