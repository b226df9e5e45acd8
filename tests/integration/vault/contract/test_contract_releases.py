"""Releases: a key once for each use that a grant covers, and the same reason for the same refusal."""

import asyncio
from typing import Any

import pytest
from smelt.vault.v1 import release_pb2, signing_pb2

from tests.integration.vault.contract.sides import Side, outcome, refusal
from tests.integration.vault.vault_process import SECRET, Worker, new_account, worker


async def released(stream: Worker, grant: str, row: int = 1, **more: Any) -> str:
    return outcome(await stream.ask(grant, row, **more))


async def revoke(side: Side, account: str, id_: str, caller: str = "processor") -> None:
    """Revoke a grant of an account as its owner does."""
    request = release_pb2.RevokeGrantRequest(grant_id=id_)
    await side.release(caller).RevokeGrant(request, metadata=await side.passport(account))


async def test_each_use_is_released_once(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account))).token
    async with worker(side) as stream, worker(side) as other:
        answers = await asyncio.gather(*(released(stream, grant, row) for row in range(1, 101)))
        assert answers == [SECRET] * 100
        at_once = await asyncio.gather(
            *(released(each, grant, 5, claim=9) for each in (stream, other) for _ in range(3))
        )
        assert sorted(at_once) == ["RELEASE_REPLAYED"] * 5 + [SECRET]
        for different in ({"attempt": 2}, {"claim": 2}, {"claim": 2, "attempt": 2}):
            assert await released(stream, grant, 5, **different) == SECRET
            assert await released(other, grant, 5, **different) == "RELEASE_REPLAYED"


@pytest.mark.promise("S11")
async def test_each_ask_of_one_message_is_answered_on_its_own(side: Side) -> None:
    account, other = new_account(), new_account()
    grant = (await side.grant(account, await side.add_key(account), release_budget=3)).token
    ended = await side.grant(other, await side.add_key(other))
    await revoke(side, other, ended.token_id)
    async with worker(side) as stream:
        answers = await stream.ask_at_once(
            [
                stream.made(grant, 1),
                stream.made(grant, 1),
                stream.made(grant, 0),
                stream.made(ended.token, 1),
                stream.made("nonsense", 1),
                stream.made(grant, 2),
                stream.made(grant, 3),
                stream.made(grant, 4),
            ]
        )
        assert [outcome(answer) for answer in answers] == [
            *(SECRET, "RELEASE_REPLAYED", "GRANT_INVALID", "GRANT_REVOKED", "GRANT_INVALID"),
            *(SECRET, SECRET, "GRANT_EXHAUSTED"),
        ]


async def test_a_worker_of_the_version_before_is_answered_in_its_own_form(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account))).token
    async with worker(side, is_old=True) as stream:
        answers = await asyncio.gather(*(released(stream, grant, row) for row in (1, 1, 2)))
        assert sorted(answers) == ["RELEASE_REPLAYED", SECRET, SECRET]
        assert all(message.WhichOneof("outcome") and not message.answers for message in stream.received)


async def test_a_budget_holds_and_a_refusal_takes_nothing_of_it(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account), release_budget=5)).token
    async with worker(side) as stream:
        assert await released(stream, grant, 1) == SECRET
        assert await released(stream, grant, 1) == "RELEASE_REPLAYED"
        assert await released(stream, grant, 0) == "GRANT_INVALID"
        answers = [await released(stream, grant, row) for row in range(2, 10)]
        assert answers == [SECRET] * 4 + ["GRANT_EXHAUSTED"] * 4
        # What was released before is a replay, also when nothing is left.
        assert await released(stream, grant, 1) == "RELEASE_REPLAYED"


@pytest.mark.parametrize(("rows", "templates", "most"), [(1, 1, 11), (2, 2, 44), (1, 0, 0)])
async def test_a_grant_releases_no_more_than_its_rows_can_need(
    side: Side, rows: int, templates: int, most: int
) -> None:
    account = new_account()
    name = await side.add_key(account)
    grant = await side.grant(account, name, last_row=rows, template_count=templates, release_budget=10**9)
    async with worker(side) as stream:
        answers = [
            await released(stream, grant.token, row, template=template, attempt=attempt)
            for row in range(1, rows + 1)
            for template in range(templates or 1)
            for attempt in range(1, most // (rows * max(templates, 1)) + 3)
        ]
    assert answers.count(SECRET) == most
    assert set(answers) <= {SECRET, "GRANT_EXHAUSTED" if templates else "GRANT_INVALID"}


async def test_a_grant_covers_its_rows_templates_and_key_alone(side: Side) -> None:
    account, stranger = new_account(), new_account()
    name, theirs = await side.add_key(account), await side.add_key(stranger)
    grant = (await side.grant(account, name, first_row=10, last_row=20, template_count=2)).token
    async with worker(side) as stream:
        for row in (-1, 0, 1, 9, 21, 2**31 - 1):
            assert await released(stream, grant, row) == "GRANT_INVALID"
        for wrong in ({"template": -1}, {"template": 2}, {"attempt": 0}, {"attempt": -1}, {"claim": -1}):
            assert await released(stream, grant, 10, **wrong) == "GRANT_INVALID"
        assert await released(stream, grant, 20, template=1) == SECRET
        crossed = (await side.grant(account, theirs)).token
        assert await released(stream, crossed) == "API_KEY_DELETED"
        for odd in ("", "apiKeys/", "apiKeys/a/b", "files/f", "apiKeys/\n", name + "\n", name + "é"):
            assert await released(stream, (await side.grant(account, odd)).token) == "GRANT_INVALID"
        assert await released(stream, (await side.grant(account, name, job="jobs/\n")).token) == (
            "GRANT_INVALID"
        )
    # NUL is not even signed.
    assert await refusal(side.grant(account, name + "\0")) == "INVALID_REQUEST"
    assert await refusal(side.grant(account, name, job="jobs/\0")) == "INVALID_REQUEST"


async def test_a_key_test_is_one_call_whatever_else_its_grant_says(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account), purpose="key-test")).token
    async with worker(side) as stream:
        assert await released(stream, grant, 1) == SECRET
        assert await released(stream, grant, 1, template=1) == "GRANT_INVALID"
        assert await released(stream, grant, 2) == "GRANT_INVALID"


async def test_only_a_grant_that_was_shown_is_taken_as_one(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account))).token
    passport = dict(await side.passport(account))["x-smelt-passport"]
    session = await side.signing().Sign(
        signing_pb2.SignRequest(
            session=signing_pb2.SessionClaims(account=account, session="s"), lifetime_seconds=60
        )
    )
    head, body, signature = grant.split(".")
    async with worker(side) as stream:
        for token in (
            passport,
            session.token,
            "",
            "nonsense",
            f"{head}.{body}.",
            f"{head}.{body}.{signature[::-1]}",
            f"eyJhbGciOiJub25lIn0.{body}.",
            "x" * 10_000,
        ):
            assert await released(stream, token) == "GRANT_INVALID"
        assert await released(stream, grant, show=False) == "GRANT_INVALID"
        assert await released(stream, "other", grant_sha256=b"0" * 32) == "GRANT_INVALID"
        assert await released(stream, grant, 1) == SECRET
        # Once shown, its hash is enough on this stream, and on no other.
        assert await released(stream, grant, 2, show=False) == SECRET
    async with worker(side) as another:
        assert await released(another, grant, 3, show=False) == "GRANT_INVALID"


async def test_a_grant_that_has_expired_releases_nothing(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account), lifetime_seconds=1)).token
    async with worker(side) as shown_before, worker(side) as later:
        await released(shown_before, grant, 1)
        await asyncio.sleep(1.1)
        assert await released(shown_before, grant, 2) == "GRANT_EXPIRED"
        assert await released(later, grant, 2) == "GRANT_EXPIRED"


async def test_a_revoked_grant_releases_nothing_from_then_on(side: Side) -> None:
    account = new_account()
    name = await side.add_key(account)
    used, unused, kept = [await side.grant(account, name) for _ in range(3)]
    async with worker(side) as stream:
        assert await released(stream, used.token, 1) == SECRET
        for grant in (used, unused, used):
            await revoke(side, account, grant.token_id)
        # Of another account this is no grant.
        await revoke(side, new_account(), kept.token_id)
        assert await released(stream, used.token, 2) == "GRANT_REVOKED"
        assert await released(stream, used.token, 1) == "GRANT_REVOKED"
        assert await released(stream, unused.token, 2) == "GRANT_REVOKED"
        assert await released(stream, kept.token, 2) == SECRET
    assert await refusal(revoke(side, account, "no id")) == "INVALID_REQUEST"
    for caller in ("files", "auth"):
        assert await refusal(revoke(side, account, used.token_id, caller)) == "CALLER_NOT_ALLOWED"


async def test_a_grant_revokes_itself_and_no_other(side: Side) -> None:
    account = new_account()
    name = await side.add_key(account)
    mine, other = await side.grant(account, name), await side.grant(account, name)
    proof = (("x-smelt-grant", mine.token),)
    async with worker(side) as stream:
        for id_ in (other.token_id, "unknown"):
            request = release_pb2.RevokeGrantRequest(grant_id=id_)
            assert await refusal(side.release().RevokeGrant(request, metadata=proof)) == "GRANT_INVALID"
        request = release_pb2.RevokeGrantRequest(grant_id=mine.token_id)
        await side.release().RevokeGrant(request, metadata=proof)
        assert await released(stream, mine.token, 1) == "GRANT_REVOKED"
        assert await released(stream, other.token, 1) == SECRET


async def test_a_sealed_grant_shows_nothing_and_opens_for_the_processor_alone(side: Side) -> None:
    account = new_account()
    grant = await side.grant(account, await side.add_key(account))
    sealed = grant.sealed_token
    assert account.encode() not in sealed
    assert not any(part.encode() in sealed for part in grant.token.split("."))
    opened = await side.release().OpenGrant(release_pb2.OpenGrantRequest(sealed_grant=sealed))
    async with worker(side) as stream:
        assert await released(stream, opened.grant, 1) == SECRET
        # What is stored is not what works.
        assert await released(stream, sealed.hex(), 2) == "GRANT_INVALID"
    for caller in ("files", "auth", "gateway", "operator"):
        request = release_pb2.OpenGrantRequest(sealed_grant=sealed)
        assert await refusal(side.release(caller).OpenGrant(request)) == "CALLER_NOT_ALLOWED"
    for wrong in (b"nonsense", sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:8], grant.token.encode()):
        request = release_pb2.OpenGrantRequest(sealed_grant=wrong)
        assert await refusal(side.release().OpenGrant(request)) == "GRANT_INVALID"


async def test_a_deleted_key_is_released_no_longer(side: Side) -> None:
    account = new_account()
    name = await side.add_key(account)
    grant = await side.grant(account, name)
    async with worker(side) as stream:
        assert await released(stream, grant.token, 1) == SECRET
        await side.delete_key(account, name)
        assert await released(stream, grant.token, 2) == "API_KEY_DELETED"
        # It is gone, whatever was released with it before; a grant that is over says so first.
        assert await released(stream, grant.token, 1) == "API_KEY_DELETED"
        await revoke(side, account, grant.token_id)
        assert await released(stream, grant.token, 3) == "GRANT_REVOKED"


async def test_a_stream_ends_when_the_worker_has_no_more(side: Side) -> None:
    account = new_account()
    grant = (await side.grant(account, await side.add_key(account))).token
    async with worker(side) as stream:
        asked = [asyncio.ensure_future(released(stream, grant, row)) for row in range(1, 20)]
        await asyncio.sleep(0)
        await stream.half_close()
        assert await asyncio.gather(*asked) == [SECRET] * 19
        await stream.ended()
