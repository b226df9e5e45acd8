"""Result files: whole or not at all, the latest fence wins, and only the job's own grant reaches them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import grpc
import pytest
from smelt.files.v1 import results_pb2

from services.common.ids import new_id
from tests.integration.files.service import VAULT, Caller, Service, cut, refusal


def worker(processor: Caller, job: str) -> Caller:
    """Return the processor with a job's grant."""
    caller = Caller(processor.channel, processor.account)
    caller.metadata = (("x-smelt-grant", VAULT.grant(processor.account, job=job)),)
    return caller


async def parts(
    job: str, content: bytes, *, variant: str, fence: int, temporary: bool = False
) -> AsyncIterator[results_pb2.WriteResultRequest]:
    header = results_pb2.WriteResultRequest.Header(
        job=job, variant=variant, fence=fence, temporary=temporary, row_count=3
    )
    yield results_pb2.WriteResultRequest(header=header)
    for piece in cut(content, 1024 * 1024):
        yield results_pb2.WriteResultRequest(data=piece)


async def write(
    caller: Caller, job: str, content: bytes, *, variant: str = "all", fence: int = 1
) -> results_pb2.Result:
    requests = parts(job, content, variant=variant, fence=fence)
    answer: results_pb2.Result = await caller.results.WriteResult(requests, metadata=caller.metadata)
    return answer


async def read(caller: Caller, job: str, variant: str = "all") -> tuple[results_pb2.Result, bytes]:
    request = results_pb2.ReadResultRequest(job=job, variant=variant)
    answers = [answer async for answer in caller.results.ReadResult(request, metadata=caller.metadata)]
    return answers[0].result, b"".join(answer.data for answer in answers[1:])


async def test_a_result_comes_back_to_its_owner_and_its_worker(processor: Caller) -> None:
    job, content = f"jobs/{new_id()}", b"a,b\r\n" * 400_000
    working = worker(processor, job)
    written = await write(working, job, content)
    assert (written.job, written.variant, written.row_count) == (job, "all", 3)
    assert (written.size_bytes, written.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    for caller in (working, processor):
        assert await read(caller, job) == (written, content)


async def test_the_latest_fence_wins_and_objects_do_not_pile_up(processor: Caller, service: Service) -> None:
    job = f"jobs/{new_id()}"
    working = worker(processor, job)
    await write(working, job, b"second", fence=2)
    before = len(service.keys())
    await write(working, job, b"second again", fence=2)
    await write(working, job, b"third", fence=3)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await write(working, job, b"late", fence=2)
    assert refusal(caught.value).reason == "RESULT_STALE"
    assert caught.value.code() is grpc.StatusCode.ABORTED
    assert (await read(working, job))[1] == b"third"
    # What earlier tests have left to be discarded may go meanwhile.
    assert len(service.keys()) <= before


async def test_results_of_a_job_are_removed_for_its_owner_alone(processor: Caller, service: Service) -> None:
    job, other = f"jobs/{new_id()}", f"jobs/{new_id()}"
    for name in (job, other):
        await write(worker(processor, name), name, b"a\r\n")
    await write(worker(processor, job), job, b"b\r\n", variant="raw")
    request = results_pb2.DeleteResultsRequest(job=job)
    working = worker(processor, job)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await working.results.DeleteResults(request, metadata=working.metadata)
    assert refusal(caught.value).reason == "UNAUTHENTICATED"
    for _ in range(2):
        await processor.results.DeleteResults(request, metadata=processor.metadata)
    for variant in ("all", "raw"):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await read(processor, job, variant)
        assert refusal(caught.value).reason == "RESULT_NOT_FOUND"
    assert (await read(processor, other))[1] == b"a\r\n"


async def test_writers_that_race_leave_the_latest(processor: Caller, service: Service) -> None:
    job = f"jobs/{new_id()}"
    working = worker(processor, job)
    before = len(service.keys())
    await asyncio.gather(
        *(write(working, job, b"%d" % fence, fence=fence) for fence in range(1, 9)), return_exceptions=True
    )
    assert (await read(working, job))[1] == b"8"
    assert len(service.keys()) == before + 1


@pytest.mark.promise("S30")
async def test_a_result_of_another_job_or_account_is_out_of_reach(processor: Caller) -> None:
    job, other = f"jobs/{new_id()}", f"jobs/{new_id()}"
    await write(worker(processor, job), job, b"mine")
    for attempt in (read(worker(processor, other), job), write(worker(processor, other), job, b"x", fence=9)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await attempt
        assert refusal(caught.value).reason == "GRANT_INVALID"
    stranger = Caller(processor.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(stranger, job)
    assert refusal(caught.value).reason == "RESULT_NOT_FOUND"
    await write(stranger, job, b"theirs")
    assert (await read(processor, job))[1] == b"mine"


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [results_pb2.WriteResultRequest(data=b"x")],
        [results_pb2.WriteResultRequest(header={"job": "jobs/x", "variant": "all", "fence": 0})],
        [results_pb2.WriteResultRequest(header={"job": "jobs/../x", "variant": "all", "fence": 1})],
        [results_pb2.WriteResultRequest(header={"job": "jobs/x", "variant": "all", "fence": 1})] * 2,
    ],
    ids=["nothing", "no header", "no fence", "bad name", "two headers"],
)
async def test_a_result_out_of_form_is_refused(
    processor: Caller, service: Service, requests: list[results_pb2.WriteResultRequest]
) -> None:
    before = service.keys()

    async def sent() -> AsyncIterator[results_pb2.WriteResultRequest]:
        for request in requests:
            yield request

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await processor.results.WriteResult(sent(), metadata=processor.metadata)
    assert refusal(caught.value).reason == "INVALID_REQUEST"
    assert service.keys() == before
