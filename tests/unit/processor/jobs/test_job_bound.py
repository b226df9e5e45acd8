"""How many unfinished jobs an account may have, which bounds the queue."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from services.common import identity
from services.common.identity import Call, Passport
from services.processor.jobs.errors import JobLimit
from services.processor.jobs.jobs import Jobs
from services.processor.jobs.new_job import JobRequest, MostJobs

ANY = cast(Any, None)
ADA = Passport("ada", "session", ("write",), "token")
REQUEST = JobRequest("files/a", ("templates/a",), first_row=None, last_row=None, parallel_calls=0, api_key="")


class Stored:
    """Three jobs that have not ended, one of them made under the key `again`."""

    async def made_before(self, account: str, key: str, content: bytes) -> str | None:
        return "first" if key == "again" else None

    async def check_room(self, account: str, most: MostJobs) -> None:
        if most.live <= 3:
            raise JobLimit

    async def get(self, account: str, id_: str) -> str:
        return id_


class Reached(Exception):
    pass


class Calls:
    async def calls_of(self, account: str, wanted: int) -> int:
        raise Reached


def jobs(most_live: int) -> Jobs:
    return Jobs(
        cast(Any, Stored()), ANY, variables=ANY, files=ANY, vault=ANY, auth=ANY, webhook_grants=ANY,
        changes=ANY, usual=cast(Any, Calls()), most=MostJobs(most_live, 9), meter=ANY, new_id=ANY,
        now=lambda: datetime.now(UTC),
    )  # fmt: skip


async def test_an_account_at_its_job_limit_gets_no_further_job() -> None:
    with pytest.raises(JobLimit):
        await jobs(3).create(ADA, REQUEST, "")
    identity.enter(Call(method="/x", caller="gateway", passport=ADA))
    with pytest.raises(Reached):
        await jobs(4).create(ADA, replace(REQUEST, first_row=1), "")


async def test_a_repeated_request_finds_its_job_also_when_there_are_too_many() -> None:
    assert cast(Any, await jobs(3).create(ADA, REQUEST, "again")) == "first"
