"""Page tokens: only the list that made one goes on from it, and no stranger can make or change one."""

import base64
from typing import Any

import pytest
from smelt.files.v1 import files_pb2
from smelt.processor.v1 import jobs_pb2
from smelt.vault.v1 import erasure_pb2

from services.common import identity
from services.common.identity import GATEWAY, OPERATOR, Allow, Call, Passport
from services.common.paging import PageTokenInvalid
from services.common.rpc.pages import KnownPageKey, Pages

pytestmark = pytest.mark.promise("S54")

METHOD = "/smelt.processor.v1.JobService/ListJobRows"
PEOPLE = Allow(GATEWAY, needs="passport", scope="read")
PAGES = Pages(KnownPageKey(bytes(32)))


def rows(token: str = "", *, parent: str = "jobs/1", filter_: str = "", size: int = 0) -> Any:
    return jobs_pb2.ListJobRowsRequest(parent=parent, filter=filter_, page_token=token, page_size=size)


def person(account: str) -> None:
    passport = Passport(account, "session", scopes=("read",), token="token")
    identity.enter(Call(method=METHOD, caller=GATEWAY, passport=passport))


async def sealed(text: str = "row|50", *, pages: Pages = PAGES, **of: Any) -> str:
    answer = jobs_pb2.ListJobRowsResponse(next_page_token=text)
    await pages.seal(answer, rows(**of), METHOD, PEOPLE)
    return answer.next_page_token


async def opened(request: Any, method: str = METHOD, *, pages: Pages = PAGES) -> str:
    await pages.open(request, method, PEOPLE)
    return str(request.page_token)


@pytest.fixture(autouse=True)
def ada() -> None:
    person("ada")


async def test_the_list_that_made_a_token_goes_on_from_it_also_with_another_size() -> None:
    token = await sealed(filter_="state = FAILED", size=10)
    assert "row|50" not in token
    assert await opened(rows(token, filter_="state = FAILED", size=1000)) == "row|50"


async def test_another_replica_with_the_same_key_goes_on_too_and_a_stranger_does_not() -> None:
    token = await sealed()
    assert await opened(rows(token), pages=Pages(KnownPageKey(bytes(32)))) == "row|50"
    for other in (KnownPageKey(), KnownPageKey(b"x" * 32)):
        with pytest.raises(PageTokenInvalid):
            await opened(rows(token), pages=Pages(other))


async def test_another_list_refuses_it() -> None:
    token = await sealed(filter_="state = FAILED")
    others = [rows(token), rows(token, filter_="state = FAILED", parent="jobs/2")]
    for other in others:
        with pytest.raises(PageTokenInvalid):
            await opened(other)
    with pytest.raises(PageTokenInvalid):
        await opened(rows(token, filter_="state = FAILED"), "/smelt.processor.v1.JobService/ListJobs")
    person("eve")
    with pytest.raises(PageTokenInvalid):
        await opened(rows(token, filter_="state = FAILED"))


async def test_every_changed_letter_is_noticed_and_there_is_one_spelling() -> None:
    token = await sealed()
    for place, letter in enumerate(token):
        with pytest.raises(PageTokenInvalid):
            await opened(rows(token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]))
    for bent in (token + "=", token + "==", token + "\n", " " + token, token[:-1], token + "A", token * 2):
        with pytest.raises(PageTokenInvalid):
            await opened(rows(bent))


@pytest.mark.parametrize(
    "text", ["x", "0001-01-01T00:00:00+14:00|a", "\0", "é", "=", "=" * 500, "A" * 22, "A" * 24]
)
async def test_what_a_stranger_writes_is_refused(text: str) -> None:
    for forged in (text, base64.urlsafe_b64encode(bytes(16) + text.encode()).decode().rstrip("=")):
        with pytest.raises(PageTokenInvalid):
            await opened(rows(forged))


async def test_first_and_last_pages_have_no_token() -> None:
    assert await opened(rows()) == ""
    assert await sealed("") == ""
    request, answer = files_pb2.GetFileRequest(name="files/1"), files_pb2.File(name="files/1")
    await PAGES.open(request, METHOD, PEOPLE)
    await PAGES.seal(answer, request, METHOD, PEOPLE)
    assert answer == files_pb2.File(name="files/1")


async def test_tokens_that_no_stranger_holds_stay_as_they_are() -> None:
    """The ledger is listed by operators also while the vault has no keys."""
    request = erasure_pb2.ListErasuresRequest(page_token="1.2.ab")
    await PAGES.open(request, "/smelt.vault.v1.ErasureLedgerService/ListErasures", Allow(OPERATOR))
    assert request.page_token == "1.2.ab"


def test_the_longest_token_is_within_the_bound_of_the_contracts() -> None:
    """The longest that a list makes in the clear: a time, and the place of a record in the audit log."""
    clear = base64.urlsafe_b64encode(("2026-01-01T00:00:00.000000+00:00|" + "a" * 64).encode())
    assert len(base64.urlsafe_b64encode(bytes(16) + clear)) <= 500
