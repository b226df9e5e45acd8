"""Claims on rows of auth's tables: one claimer at a time, and nothing counts under an older fence."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from services.auth.due.store import DueStore
from services.auth.due.work import Claim
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.store import AT_ONCE, MAILS_DUE, Outbox
from services.auth.privacy.store.exports import EXPORTS_DUE
from services.auth.privacy.store.tombstones import ERASURES_DUE
from services.common import database
from services.common.database import Transactions
from tests.support.stores import Databases

MAIL = Mail(MailKind.ACCOUNT_DELETED, "a@b.example")
COLUMNS = {"mail": MAILS_DUE, "erasure": ERASURES_DUE, "data_export": EXPORTS_DUE}


@pytest.fixture
async def transactions(databases: Databases) -> AsyncIterator[Transactions]:
    with databases.fresh("auth") as fresh:
        engine = database.engine(fresh.url)
        yield database.sessions(engine)
        await engine.dispose()


async def run(transactions: Transactions, *statements: str) -> None:
    async with database.transaction(transactions) as session:
        for statement in statements:
            await session.execute(text(statement))


@pytest.mark.parametrize("table", COLUMNS)
async def test_a_claim_is_exclusive_until_it_runs_out_and_then_the_later_one_counts(
    transactions: Transactions, table: str
) -> None:
    await Outbox(transactions).queue(MAIL)
    await run(
        transactions,
        "INSERT INTO account VALUES ('a', 'a@b.example', 'active', now(), '', '', '')",
        "INSERT INTO erasure VALUES ('e', 0, 0, 0, now())",
        "INSERT INTO data_export (id, account, state, create_time, fence, tries, next_time) "
        "VALUES ('x', 'a', 'pending', now(), 0, 0, now())",
    )
    due = DueStore(transactions, COLUMNS[table])
    first = await due.claim(3600)
    assert first is not None
    assert (first.fence, first.tries) == (1, 1)
    assert await due.claim(3600) is None
    assert await due.hold(first, -1)
    second = await due.claim(3600)
    assert second is not None
    assert (second.id, second.fence, second.tries) == (first.id, 2, 2)
    assert not await due.hold(first, 3600)
    assert await due.hold(second, 3600)


async def test_a_mail_is_removed_only_by_the_claim_that_holds_it(transactions: Transactions) -> None:
    outbox, due = Outbox(transactions), DueStore(transactions, MAILS_DUE)
    await outbox.queue(MAIL)
    lost, held = await due.claim(-1), await due.claim(3600)
    assert lost is not None
    assert held is not None
    await outbox.remove(lost)
    assert await outbox.get(held) == MAIL
    await outbox.remove(held)
    assert await outbox.get(held) is None


async def test_a_mail_of_a_later_version_waits(transactions: Transactions) -> None:
    await Outbox(transactions).queue(MAIL)
    await run(transactions, "UPDATE mail SET kind = 'news-of-next-year'")
    assert await DueStore(transactions, MAILS_DUE).claim(60) is None


async def test_work_that_has_ended_is_neither_claimed_nor_held(transactions: Transactions) -> None:
    await run(transactions, "INSERT INTO erasure VALUES ('e', 0, 0, 0, now())")
    due = DueStore(transactions, ERASURES_DUE)
    claim = await due.claim(-1)
    assert claim is not None
    await run(transactions, "UPDATE erasure SET next_time = NULL")
    assert await due.claim(60) is None
    assert not await due.hold(claim, 60)


@pytest.mark.promise("S43")
async def test_many_mails_to_one_address_wait_behind_those_to_others(transactions: Transactions) -> None:
    outbox = Outbox(transactions)
    for _ in range(AT_ONCE + 2):
        await outbox.queue(MAIL)
    await outbox.queue(Mail(MailKind.ACCOUNT_DELETED, "c@d.example"))
    due = DueStore(transactions, MAILS_DUE)
    claims = [claim async for claim in _claimed(due)]
    mails = [await outbox.get(claim) for claim in claims]
    assert [mail.recipient for mail in mails if mail] == ["a@b.example"] * AT_ONCE + ["c@d.example"]
    await run(transactions, "UPDATE mail SET next_try_time = next_try_time - interval '10 seconds'")
    assert [await outbox.get(claim) async for claim in _claimed(due)] == [MAIL, MAIL]


async def _claimed(due: DueStore) -> AsyncIterator[Claim]:
    while (claim := await due.claim(3600)) is not None:
        yield claim
