"""Jobs: start, watch, pause and cancel them, and download their results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict, TypeVar, Unpack, overload

from .call import Call, ResourceName, deleting, getting, given, named, nothing, reading
from .errors import ConnectionFailed, RateLimited, ServerFailed, SmeltError
from .files import upload_file
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import Estimate, Job, JobRow, JobSettings, Page, page_of
from .money import Money, usd
from .results import (
    RAW,
    WHOLE,
    ResultForm,
    Rows,
    as_json_lines,
    as_plain_csv,
    by_column,
    columns_of,
    rows_of,
)
from .retries import RetryPolicy
from .tables import Table, is_table

# Watching gives up once the server has been away for about two minutes. The job itself is not affected.
WATCHING = RetryPolicy(max_retries=12, first_wait_seconds=0.25, longest_wait_seconds=15.0)
PASSING = (ConnectionFailed, ServerFailed, RateLimited)

T = TypeVar("T")

#: Called with a job whenever it has changed.
JobProgress = Callable[[Job], object]


class JobOptions(TypedDict, total=False):
    """The options of `create_job`."""

    first_row: int | None
    last_row: int | None
    parallel_calls: int | None
    api_key: ResourceName | None
    max_cost_usd: Money | None
    identical_prompts_once: bool | None
    economy: bool | None
    economy_rest: str | None
    send_blank_rows: bool | None
    display_name: str | None
    idempotency_key: str | None


def create_job(
    file: ResourceName,
    templates: Sequence[ResourceName],
    *,
    first_row: int | None = None,
    last_row: int | None = None,
    parallel_calls: int | None = None,
    api_key: ResourceName | None = None,
    max_cost_usd: Money | None = None,
    identical_prompts_once: bool | None = None,
    economy: bool | None = None,
    economy_rest: str | None = None,
    send_blank_rows: bool | None = None,
    display_name: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Job]:
    """Start a job: templates, in order, over the rows of a file. Rows count from 1, both ends included.

    An economy job goes in batches, which take up to a day and cost half. `economy_rest` says how rows go that
    a batch left: `ORDINARY` or `BATCH`. Rows in which every column that the templates use is blank are
    skipped unless `send_blank_rows` is set. `display_name` is a name for people.
    """
    body = {
        "file": named("files", file),
        "templates": [named("templates", template) for template in templates],
        **given(
            first_row=first_row,
            last_row=last_row,
            parallel_calls=parallel_calls,
            api_key=None if api_key is None else named("apiKeys", api_key),
            max_cost_usd=usd(max_cost_usd),
            identical_prompts_once=identical_prompts_once,
            economy=economy,
            economy_rest=economy_rest,
            send_blank_rows=send_blank_rows,
            display_name=display_name,
        ),
    }
    return Call(
        "POST",
        "/v1/jobs",
        reading(Job),
        body=body,
        creates=True,
        idempotency_key=idempotency_key,
    )


def list_jobs(
    *, state: str | None = None, file: ResourceName | None = None, page_size: int | None = None
) -> Call[Page[Job]]:
    """Iterate over all jobs, or over those in a state, such as `RUNNING`, or of a file."""
    clauses = [] if state is None else [f"state = {state}"]
    clauses += [] if file is None else [f"file = {named('files', file)}"]
    params = given(filter=" AND ".join(clauses) or None, page_size=page_size)
    return Call("GET", "/v1/jobs", page_of(Job, "jobs"), params=params)


def get_job(name: ResourceName) -> Call[Job]:
    """Return a job's current state."""
    return getting(Job, "jobs", name)


def delete_job(name: ResourceName) -> Call[None]:
    """Delete a job that has ended, with its rows and results."""
    return deleting("jobs", name)


def get_settings() -> Call[JobSettings]:
    """Return the settings for all jobs of the account."""
    return Call("GET", "/v1/jobSettings", reading(JobSettings))


def update_settings(*, parallel_calls: int) -> Call[JobSettings]:
    """Set the default number of provider calls in flight per job; 0 means the installation's number."""
    return Call("PATCH", "/v1/jobSettings", reading(JobSettings), body={"parallel_calls": parallel_calls})


def cancel_job(name: ResourceName) -> Call[Job]:
    """Cancel a job for good. Finished rows keep their results."""
    return Call("POST", f"/v1/{named('jobs', name)}:cancel", reading(Job), repeatable=True)


def estimate_job(
    file: ResourceName,
    templates: Sequence[ResourceName],
    *,
    first_row: int | None = None,
    last_row: int | None = None,
    send_blank_rows: bool | None = None,
) -> Call[Estimate]:
    """Estimate a job's calls, tokens and cost without starting it."""
    body = {
        "file": named("files", file),
        "templates": [named("templates", template) for template in templates],
        **given(first_row=first_row, last_row=last_row, send_blank_rows=send_blank_rows),
    }
    return Call("POST", "/v1/jobs:estimate", reading(Estimate), body=body, repeatable=True)


def pause_job(name: ResourceName) -> Call[Job]:
    """Pause a job: rows in flight finish, no new ones start."""
    return Call("POST", f"/v1/{named('jobs', name)}:pause", reading(Job), repeatable=True)


def resume_job(
    name: ResourceName,
    *,
    api_key: ResourceName | None = None,
    max_cost_usd: Money | None = None,
    end_economy: bool | None = None,
) -> Call[Job]:
    """Resume a paused job, with another key or maximum cost if given. Finished rows are never sent again.

    With `end_economy`, an economy job makes no further batches.
    """
    key = None if api_key is None else named("apiKeys", api_key)
    body = given(api_key=key, max_cost_usd=usd(max_cost_usd), end_economy=end_economy)
    return Call("POST", f"/v1/{named('jobs', name)}:resume", reading(Job), body=body)


def retry_failed_rows(name: ResourceName, *, api_key: ResourceName | None = None) -> Call[Job]:
    """Send the failed rows of a completed job again. This counts as usage."""
    body = given(api_key=None if api_key is None else named("apiKeys", api_key))
    return Call("POST", f"/v1/{named('jobs', name)}:retryFailed", reading(Job), body=body)


def regenerate_row(name: ResourceName, row: int, *, api_key: ResourceName | None = None) -> Call[Job]:
    """Send one row of a completed job again and replace its answers. This counts as usage."""
    body = {"row": row, **given(api_key=None if api_key is None else named("apiKeys", api_key))}
    return Call("POST", f"/v1/{named('jobs', name)}:regenerate", reading(Job), body=body)


def restore_answers(name: ResourceName, row: int, *, fixed: bool = False) -> Call[JobRow]:
    """Put a row's raw answers back, with what auto-fix took off; `fixed` takes it off again."""
    body = {"row": row, **given(fixed=fixed or None)}
    return Call("POST", f"/v1/{named('jobs', name)}:restoreAnswers", reading(JobRow), body=body)


def update_row(name: ResourceName, row: int, outputs: Mapping[str, str]) -> Call[JobRow]:
    """Put your own words in the place of a row's answers, by output column; the former ones are kept."""
    path = f"/v1/{named('jobs', name)}/rows/{int(row)}"
    return Call("PATCH", path, reading(JobRow), body={"outputs": dict(outputs)})


def list_job_rows(
    name: ResourceName,
    *,
    row_filter: str | None = None,
    first_row: int | None = None,
    with_cells: bool | None = None,
    page_size: int | None = None,
) -> Call[Page[JobRow]]:
    """Iterate over a job's rows with their outputs. An example of `row_filter` is `flag = generic`.

    With `first_row`, begin at this row of the file; `with_cells` adds each row's cells of the file.
    """
    cells = "true" if with_cells else None
    params = given(filter=row_filter, first_row=first_row, with_cells=cells, page_size=page_size)
    return Call("GET", f"/v1/{named('jobs', name)}/rows", page_of(JobRow, "rows"), params=params)


def watch_job(name: ResourceName) -> Call[Job]:
    """Request the job's state whenever it changes."""
    return Call("GET", f"/v1/{named('jobs', name)}:watch", reading(Job))


def download_results(name: ResourceName, form: ResultForm) -> Call[Any]:
    """Request the file with a job's outputs."""
    path = f"/v1/{named('jobs', name)}/results:download"
    return Call("GET", path, nothing, params=form.params())


class _Patience:
    """Counts how many times in a row a stream breaks, to decide when watching gives up."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failures = 0

    def renew(self) -> None:
        """Note that the stream is alive."""
        self._failures = 0

    def wait_after(self, error: SmeltError) -> float:
        """Return how many seconds to wait before reconnecting; raise the error after too many in a row."""
        self._failures += 1
        if self._failures > self._policy.max_retries:
            raise error
        return self._policy.backoff_seconds(self._failures)


def _ended_early() -> SmeltError:
    return ConnectionFailed("the server closed the stream before the job ended")


class Jobs(Resource):
    """Jobs."""

    create = blocking(create_job)
    list = paging(list_jobs)
    get = blocking(get_job)
    cancel = blocking(cancel_job)
    delete = blocking(delete_job)
    settings = blocking(get_settings)
    update_settings = blocking(update_settings)
    estimate = blocking(estimate_job)
    pause = blocking(pause_job)
    resume = blocking(resume_job)
    retry_failed = blocking(retry_failed_rows)
    regenerate = blocking(regenerate_row)
    restore_answers = blocking(restore_answers)
    update_row = blocking(update_row)
    rows = paging(list_job_rows)

    def watch(self, name: ResourceName, *, policy: RetryPolicy = WATCHING) -> Iterator[Job]:
        """Yield the job now and at each change, until it has ended or is paused.

        A broken connection is reopened.
        """
        call, patience = watch_job(name), _Patience(policy)
        while True:
            try:
                for job in self._sender.events(call):
                    patience.renew()
                    yield job
                    if job.has_stopped:
                        return
                wait = patience.wait_after(_ended_early())
            except PASSING as error:
                wait = patience.wait_after(error)
            time.sleep(wait)

    def wait(self, name: ResourceName, *, progress: JobProgress | None = None) -> Job:
        """Return the job once it has ended or is paused; `progress` is called with it at each change."""
        seen: Job | None = None
        for seen in self.watch(name):
            if progress is not None:
                progress(seen)
        assert seen is not None, "watching ends after a job only"
        return seen

    def run(
        self,
        file: ResourceName | Path | Table,
        templates: Sequence[ResourceName],
        *,
        progress: JobProgress | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """Start a job and return it once it has ended or is paused.

        A `Path`, a list of dicts or a data frame is uploaded first.
        """
        if isinstance(file, Path) or is_table(file):
            file = self._sender.send(upload_file(file))  # type: ignore[arg-type]  # no name is a table
        job = self._sender.send(create_job(file, templates, **options))  # type: ignore[arg-type]
        return self.wait(job, progress=progress)

    def download(self, name: ResourceName, path: str | PathLike[str], form: ResultForm = WHOLE) -> int:
        """Download the results to `path`, written only if they are whole; return the length in bytes.

        The ending of the path decides the format unless the form says one.
        """
        return self._sender.receive(download_results(name, form.for_path(path)), Path(path))

    @overload
    def results(self, name: ResourceName) -> Rows: ...

    @overload
    def results(self, name: ResourceName, *, form: ResultForm) -> Rows: ...

    @overload
    def results(
        self, name: ResourceName, into: Callable[[dict[str, Any]], T], *, form: ResultForm = RAW
    ) -> T: ...

    def results(
        self,
        name: ResourceName,
        into: Callable[[dict[str, Any]], T] | None = None,
        *,
        form: ResultForm = RAW,
    ) -> T | Rows:
        """Return the results as a list of dicts, or `into` a data frame: `pandas.DataFrame`, for example.

        Every cell is text. Without a form, outputs are as the model wrote them.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder) / "results"
            self._sender.receive(download_results(name, as_json_lines(form)), path)
            rows = rows_of(path)
            if into is None:
                return rows
            if rows:
                return into(by_column([*rows[0]], rows))
            self._sender.receive(download_results(name, as_plain_csv(form)), path)
            return into(by_column(columns_of(path), rows))


class AsyncJobs(AsyncResource):
    """Jobs."""

    create = awaiting(create_job)
    list = async_paging(list_jobs)
    get = awaiting(get_job)
    cancel = awaiting(cancel_job)
    delete = awaiting(delete_job)
    settings = awaiting(get_settings)
    update_settings = awaiting(update_settings)
    estimate = awaiting(estimate_job)
    pause = awaiting(pause_job)
    resume = awaiting(resume_job)
    retry_failed = awaiting(retry_failed_rows)
    regenerate = awaiting(regenerate_row)
    restore_answers = awaiting(restore_answers)
    update_row = awaiting(update_row)
    rows = async_paging(list_job_rows)

    async def watch(self, name: ResourceName, *, policy: RetryPolicy = WATCHING) -> AsyncIterator[Job]:
        """Yield the job now and at each change, until it has ended or is paused.

        A broken connection is reopened.
        """
        call, patience = watch_job(name), _Patience(policy)
        while True:
            try:
                async for job in self._sender.events(call):
                    patience.renew()
                    yield job
                    if job.has_stopped:
                        return
                wait = patience.wait_after(_ended_early())
            except PASSING as error:
                wait = patience.wait_after(error)
            await asyncio.sleep(wait)

    async def wait(self, name: ResourceName, *, progress: JobProgress | None = None) -> Job:
        """Return the job once it has ended or is paused; `progress` is called with it at each change."""
        seen: Job | None = None
        async for seen in self.watch(name):
            if progress is not None:
                progress(seen)
        assert seen is not None, "watching ends after a job only"
        return seen

    async def run(
        self,
        file: ResourceName | Path | Table,
        templates: Sequence[ResourceName],
        *,
        progress: JobProgress | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """Start a job and return it once it has ended or is paused.

        A `Path`, a list of dicts or a data frame is uploaded first.
        """
        if isinstance(file, Path) or is_table(file):
            file = await self._sender.send(upload_file(file))  # type: ignore[arg-type]  # no name is a table
        job = await self._sender.send(create_job(file, templates, **options))  # type: ignore[arg-type]
        return await self.wait(job, progress=progress)

    async def download(self, name: ResourceName, path: str | PathLike[str], form: ResultForm = WHOLE) -> int:
        """Download the results to `path`, written only if they are whole; return the length in bytes.

        The ending of the path decides the format unless the form says one.
        """
        return await self._sender.receive(download_results(name, form.for_path(path)), Path(path))

    @overload
    async def results(self, name: ResourceName) -> Rows: ...

    @overload
    async def results(self, name: ResourceName, *, form: ResultForm) -> Rows: ...

    @overload
    async def results(
        self, name: ResourceName, into: Callable[[dict[str, Any]], T], *, form: ResultForm = RAW
    ) -> T: ...

    async def results(
        self,
        name: ResourceName,
        into: Callable[[dict[str, Any]], T] | None = None,
        *,
        form: ResultForm = RAW,
    ) -> T | Rows:
        """Return the results as a list of dicts, or `into` a data frame: `pandas.DataFrame`, for example.

        Every cell is text. Without a form, outputs are as the model wrote them.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder) / "results"
            await self._sender.receive(download_results(name, as_json_lines(form)), path)
            rows = await asyncio.to_thread(rows_of, path)
            if into is None:
                return rows
            if rows:
                return into(by_column([*rows[0]], rows))
            await self._sender.receive(download_results(name, as_plain_csv(form)), path)
            return into(by_column(await asyncio.to_thread(columns_of, path), rows))
