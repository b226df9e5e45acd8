"""JobService: proto to domain and back."""

import base64
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Literal

from smelt.processor.v1 import jobs_pb2, jobs_pb2_grpc

from services.common import identity, paging
from services.common.clock import Now
from services.common.errors import InvalidRequest
from services.common.identity import Passport
from services.common.ids import parse_name
from services.common.rpc.downloads import body
from services.common.rpc.servicing import CREATED, Context
from services.processor.answers.flags import SEVERITIES
from services.processor.jobs.control import JobControl
from services.processor.jobs.economy import Economy
from services.processor.jobs.filter import parse_filter
from services.processor.jobs.job import Job, State
from services.processor.jobs.jobs import Jobs
from services.processor.jobs.new_job import JobRequest
from services.processor.jobs.row_result import FAILED, SUCCEEDED
from services.processor.jobs.watch import Watch
from services.processor.outside import StoredResult
from services.processor.results.downloads import Downloads
from services.processor.results.edits import RowEdits
from services.processor.results.form import EXTRA_COLUMNS, Form, Format
from services.processor.results.pages import JobRow, JobRows, RowsWanted
from services.processor.results.raw_answers import RawAnswers
from services.processor.results.tallies import Tallies
from services.processor.trials.estimates import Estimates
from services.processor.usage.meter import budget_of, dollars
from services.processor.usage.prices import PRICES_DATE

_ROWS = {
    jobs_pb2.DownloadResultsRequest.ALL: None,
    jobs_pb2.DownloadResultsRequest.ONLY_SUCCEEDED: SUCCEEDED,
    jobs_pb2.DownloadResultsRequest.ONLY_FAILED: FAILED,
}

_FORMATS = {
    jobs_pb2.DownloadResultsRequest.CSV: Format.CSV,
    jobs_pb2.DownloadResultsRequest.XLSX: Format.XLSX,
    jobs_pb2.DownloadResultsRequest.JSONL: Format.JSONL,
}
#: Fields that say how CSV is written.
_CSV_ALONE: tuple[Literal["byte_order_mark", "delimiter", "line_end", "quoting"], ...] = (
    "byte_order_mark",
    "delimiter",
    "line_end",
    "quoting",
)
_LINE_ENDS = {"": "", "lf": "\n", "crlf": "\r\n", "cr": "\r"}

_RESTS = {
    Economy.NONE: jobs_pb2.ECONOMY_REST_UNSPECIFIED,
    Economy.THEN_ORDINARY: jobs_pb2.ORDINARY,
    Economy.THEN_BATCH: jobs_pb2.BATCH,
    Economy.OVER: jobs_pb2.ORDINARY,
}
#: Jobs that are read at once: each is put together from many counters.
_MOST_READ = 100


class JobServicer(jobs_pb2_grpc.JobServiceServicer):
    """Serves jobs of people."""

    def __init__(
        self,
        jobs: Jobs,
        *,
        control: JobControl,
        estimates: Estimates,
        watch: Watch,
        rows: JobRows,
        tallies: Tallies,
        raw_answers: RawAnswers,
        edits: RowEdits,
        downloads: Downloads,
        now: Now,
    ) -> None:
        self._jobs = jobs
        self._control = control
        self._estimates = estimates
        self._watch = watch
        self._rows = rows
        self._tallies = tallies
        self._raw_answers = raw_answers
        self._edits = edits
        self._downloads = downloads
        self._now = now

    async def CreateJob(self, request: jobs_pb2.CreateJobRequest, context: Context) -> jobs_pb2.Job:
        person = identity.passport(context)
        wanted = JobRequest(
            file=request.file,
            templates=tuple(request.templates),
            first_row=_given(request, "first_row"),
            last_row=_given(request, "last_row"),
            parallel_calls=request.parallel_calls,
            api_key=request.api_key,
            max_cost=request.max_cost_usd,
            identical_once=request.identical_prompts_once,
            economy=economy_of(request),
            send_blank_rows=request.send_blank_rows,
            display_name=request.display_name.strip(),
        )
        job = await self._jobs.create(person, wanted, identity.current_call().idempotency_key)
        await context.send_initial_metadata(CREATED)
        return self._shown(job)

    async def ListJobs(
        self, request: jobs_pb2.ListJobsRequest, context: Context
    ) -> jobs_pb2.ListJobsResponse:
        person = identity.passport(context)
        read = partial(self._jobs.page, person, parse_filter(request.filter))
        page, token = await paging.page(request, read, show=self._shown, at_once=_MOST_READ)
        return jobs_pb2.ListJobsResponse(jobs=page, next_page_token=token)

    async def GetJob(self, request: jobs_pb2.GetJobRequest, context: Context) -> jobs_pb2.Job:
        person = identity.passport(context)
        return await self._whole(person, await self._jobs.get(person, parse_name("jobs", request.name)))

    async def _whole(self, person: Passport, job: Job) -> jobs_pb2.Job:
        """Return the message for a job, with its rows by reason and flag, and with what its provider said."""
        message = self._shown(job)
        tally = await self._tallies.of(job)
        message.error_counts.update(tally.reasons)
        message.flag_counts.update(tally.flags)
        if message.error.reason and job.error_said:
            message.error.provider_message = await self._jobs.provider_words(person, job)
        return message

    async def WatchJob(
        self, request: jobs_pb2.WatchJobRequest, context: Context
    ) -> AsyncIterator[jobs_pb2.Job]:
        id_ = parse_name("jobs", request.name)
        person = identity.passport(context)
        async for job in self._watch.follow(person, id_):
            yield await self._whole(person, job)

    async def CancelJob(self, request: jobs_pb2.CancelJobRequest, context: Context) -> jobs_pb2.Job:
        return self._shown(
            await self._jobs.cancel(identity.passport(context), parse_name("jobs", request.name))
        )

    async def DeleteJob(
        self, request: jobs_pb2.DeleteJobRequest, context: Context
    ) -> jobs_pb2.DeleteJobResponse:
        await self._control.remove(identity.passport(context), parse_name("jobs", request.name))
        return jobs_pb2.DeleteJobResponse()

    async def EstimateJob(
        self, request: jobs_pb2.EstimateJobRequest, context: Context
    ) -> jobs_pb2.JobEstimate:
        estimate = await self._estimates.estimate(
            identity.passport(context),
            request.file,
            list(request.templates),
            first_row=_given(request, "first_row"),
            last_row=_given(request, "last_row"),
            send_blank_rows=request.send_blank_rows,
        )
        return jobs_pb2.JobEstimate(
            row_count=estimate.row_count,
            request_count=estimate.request_count,
            input_tokens_low=estimate.low.input,
            input_tokens_high=estimate.high.input,
            output_tokens_low=estimate.low.output,
            output_tokens_high=estimate.high.output,
            cost_low_usd=usd(estimate.cost_low),
            cost_high_usd=usd(estimate.cost_high),
            economy_cost_low_usd=usd(estimate.economy_low),
            economy_cost_high_usd=usd(estimate.economy_high),
            unpriced_models=estimate.unpriced,
            prices_date=PRICES_DATE,
            usage_left=estimate.meter.left if estimate.meter else None,
            usage_limit=estimate.meter.limit if estimate.meter else None,
            blank_row_count=estimate.blank_rows,
            blank_rows_estimated=estimate.blank_rows_estimated,
            warnings=estimate.warnings,
        )

    async def PauseJob(self, request: jobs_pb2.PauseJobRequest, context: Context) -> jobs_pb2.Job:
        return self._shown(
            await self._control.pause(identity.passport(context), parse_name("jobs", request.name))
        )

    async def ResumeJob(self, request: jobs_pb2.ResumeJobRequest, context: Context) -> jobs_pb2.Job:
        person, id_ = identity.passport(context), parse_name("jobs", request.name)
        return self._shown(
            await self._control.resume(
                person,
                id_,
                api_key=request.api_key,
                max_cost=request.max_cost_usd,
                end_economy=request.end_economy,
            )
        )

    async def RetryFailedRows(
        self, request: jobs_pb2.RetryFailedRowsRequest, context: Context
    ) -> jobs_pb2.Job:
        person, id_ = identity.passport(context), parse_name("jobs", request.name)
        return self._shown(await self._control.retry_failed(person, id_, api_key=request.api_key))

    async def RegenerateRow(self, request: jobs_pb2.RegenerateRowRequest, context: Context) -> jobs_pb2.Job:
        person, id_ = identity.passport(context), parse_name("jobs", request.name)
        return self._shown(await self._control.regenerate(person, id_, request.row, api_key=request.api_key))

    async def RestoreAnswers(
        self, request: jobs_pb2.RestoreAnswersRequest, context: Context
    ) -> jobs_pb2.JobRow:
        person, id_ = identity.passport(context), parse_name("jobs", request.name)
        return _row(await self._raw_answers.restore(person, id_, request.row, fixed=request.fixed))

    async def UpdateJobRow(self, request: jobs_pb2.UpdateJobRowRequest, context: Context) -> jobs_pb2.JobRow:
        person, id_ = identity.passport(context), parse_name("jobs", request.parent)
        return _row(await self._edits.edit(person, id_, request.row, request.outputs))

    async def ListJobRows(
        self, request: jobs_pb2.ListJobRowsRequest, context: Context
    ) -> jobs_pb2.ListJobRowsResponse:
        asked = RowsWanted(
            count=paging.size(request.page_size),
            filter=request.filter,
            token=request.page_token,
            first_row=request.first_row or 1,
            with_cells=request.with_cells,
        )
        page = await self._rows.page(
            identity.passport(context), parse_name("jobs", request.parent), asked, show=_row
        )
        return jobs_pb2.ListJobRowsResponse(
            rows=page.rows,
            next_page_token=page.token,
            columns=page.columns,
            cells_gone=page.cells_gone,
        )

    async def DownloadResults(
        self, request: jobs_pb2.DownloadResultsRequest, context: Context
    ) -> AsyncIterator[bytes]:
        id_ = parse_name("jobs", request.parent)
        form = form_of(request)
        async for part in self._downloads.read(identity.passport(context), id_, form):
            if isinstance(part, StoredResult):
                await context.send_initial_metadata(_about(part, id_, form))
            else:
                yield body(form.media_type, part)

    def _shown(self, job: Job) -> jobs_pb2.Job:
        return to_proto(job, self._now())


def _about(result: StoredResult, job: str, form: Form) -> tuple[tuple[str, str], ...]:
    digest = base64.b64encode(bytes.fromhex(result.sha256)).decode()
    return (
        ("x-content-length", str(result.size_bytes)),
        ("repr-digest", f"sha-256=:{digest}:"),
        ("x-smelt-row-count", str(result.row_count)),
        ("content-disposition", f'attachment; filename="results-{job}.{form.ending}"'),
    )


def to_proto(job: Job, now: datetime) -> jobs_pb2.Job:
    """Return the message for a job as it stands at a moment."""
    message = jobs_pb2.Job(
        name=f"jobs/{job.id}",
        file=job.file,
        templates=job.templates,
        first_row=job.first_row,
        last_row=job.last_row,
        parallel_calls=job.parallel_calls,
        api_key=job.api_key,
        state=job.state.value,
        pause_reason=job.pause_reason if job.state is State.PAUSED else "NOT_PAUSED",
        request_counts=jobs_pb2.Job.RequestCounts(
            total=job.total, succeeded=job.succeeded, failed=job.failed, skipped=job.skipped
        ),
        percent=job.percent,
        rows_per_second=round(job.rows_per_second(now), 2),
        eta_seconds=job.eta_seconds(now),
        input_tokens=job.input_tokens,
        output_tokens=job.output_tokens,
        cost_usd=usd(dollars(job.cost_nanos)) if job.priced else "",
        max_cost_usd=_exactly(budget_of(job.max_cost_nanos)),
        tokens_estimated=job.tokens_estimated,
        economy=bool(job.economy),
        economy_rest=_RESTS[Economy(job.economy)],
        batches_under_way=job.open_batches,
        steps=[
            jobs_pb2.Job.Step(
                template=step.template,
                display_name=step.display_name,
                model=step.model,
                output_columns=step.output_columns,
            )
            for step in job.steps
        ],
        file_display_name=job.file_name,
        display_name=job.display_name,
    )
    if job.error_reason and job.state in (State.PAUSED, State.FAILED):
        message.error.reason = job.error_reason
        message.error.message = job.error_message
    message.create_time.FromDatetime(job.create_time)
    if job.start_time is not None:
        message.start_time.FromDatetime(job.start_time)
    if job.end_time is not None:
        message.end_time.FromDatetime(job.end_time)
    return message


def economy_of(request: jobs_pb2.CreateJobRequest) -> Economy:
    """Return what a request says about batches; what they leave goes in the ordinary way by default."""
    if not request.economy:
        if request.economy_rest:
            raise InvalidRequest(violations=[("economy_rest", "is for economy jobs; set economy as well")])
        return Economy.NONE
    return Economy.THEN_BATCH if request.economy_rest == jobs_pb2.BATCH else Economy.THEN_ORDINARY


def form_of(request: jobs_pb2.DownloadResultsRequest) -> Form:
    """Return the form of the results that are requested; raise InvalidRequest for what fits no format."""
    format_ = _FORMATS[request.format]
    if format_ is not Format.CSV:
        named = [name for name in _CSV_ALONE if request.HasField(name)]
        if named:
            raise InvalidRequest(violations=[(name, "is for CSV; leave it out") for name in named])
    return Form(
        rows=_ROWS[request.rows],
        columns=tuple(name for name in EXTRA_COLUMNS if name in request.columns),
        byte_order_mark=request.byte_order_mark if request.HasField("byte_order_mark") else None,
        raw=request.raw,
        neutral_columns=request.neutral_columns,
        format=format_,
        delimiter=request.delimiter,
        line_end=_LINE_ENDS[request.line_end],
        quotes_all=request.quoting == "all" if request.quoting else None,
    )


def usd(amount: Decimal | None) -> str:
    """Return an amount of money as the API writes it: a decimal number, empty when unknown."""
    return "" if amount is None else f"{amount:.6f}"


def _exactly(amount: Decimal | None) -> str:
    """Return an amount that a person has set: with six digits like all others, or more if it has more."""
    return max(usd(amount), "" if amount is None else f"{amount.normalize():f}", key=len)


def _given(request: jobs_pb2.CreateJobRequest | jobs_pb2.EstimateJobRequest, field: str) -> int | None:
    """Return a number that may be absent, which is not the same as 0."""
    return getattr(request, field) if request.HasField(field) else None


def _row(row: JobRow) -> jobs_pb2.JobRow:
    message = jobs_pb2.JobRow(
        number=row.number,
        state=row.state.name,
        attempts=row.attempts,
        outputs=dict(row.outputs),
        raw_outputs=dict(row.raw),
        edited_outputs=dict(row.edited),
        flags=row.flags,
        findings=[
            jobs_pb2.JobRow.Finding(
                flag=each.flag, severity=SEVERITIES[each.flag].value, output_column=each.column
            )
            for each in row.findings
        ],
        confidence=row.confidence,
        cells=row.cells,
    )
    if row.reason:
        message.error.reason = row.reason
        message.error.message = row.message
        message.error.provider_message = row.said
    return message
