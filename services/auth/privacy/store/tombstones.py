"""Tombstones in Postgres, and the end of an account in the transaction that writes one."""

from datetime import timedelta

from sqlalchemy import case, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.auth.due.store import DueColumns
from services.auth.due.work import Claim
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.store import queue_mail
from services.auth.models import AccountRow, ErasureRow, MailRow
from services.common.database import Transactions, transaction

ERASURES_DUE = DueColumns(
    key=ErasureRow.account, due=ErasureRow.next_time, fence=ErasureRow.fence, tries=ErasureRow.tries
)


class TombstoneStore:
    """Stores tombstones, which contain nothing about a person but the account's id."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def replace_account(self, account: str) -> None:
        await self._replace(account, tell=True)

    async def bury_again(self, account: str) -> None:
        """Replace an account that a restore has brought back; its owner was told of the deletion already."""
        await self._replace(account, tell=False)

    async def _replace(self, account: str, *, tell: bool) -> None:
        async with transaction(self._transactions) as session:
            await session.execute(
                insert(ErasureRow)
                .values(account=account, fence=0, tries=0, passes=0, next_time=func.clock_timestamp())
                # A tombstone may be there without its account only if everything was removed before.
                .on_conflict_do_update(
                    index_elements=[ErasureRow.account],
                    set_={"tries": 0, "passes": 0, "next_time": func.clock_timestamp()},
                    where=exists().where(AccountRow.id == account),
                )
            )
            address = await session.scalar(
                select(AccountRow.email).where(AccountRow.id == account).with_for_update()
            )
            if address is None:
                return
            # Waiting mails to the deleted account are dropped; only the confirmation is sent.
            await session.execute(delete(MailRow).where(MailRow.recipient == address))
            if tell:
                await queue_mail(session, Mail(MailKind.ACCOUNT_DELETED, address))
            # Sessions, access tokens, devices, links, exports and events are removed by cascade.
            await session.execute(delete(AccountRow).where(AccountRow.id == account))

    async def finish_pass(self, claim: Claim, linger: timedelta) -> None:
        first = ErasureRow.passes == 0
        statement = (
            update(ErasureRow)
            .where(ErasureRow.account == claim.id, ErasureRow.fence == claim.fence)
            .values(
                passes=ErasureRow.passes + 1,
                tries=0,
                next_time=case((first, func.clock_timestamp() + linger), else_=None),
            )
        )
        async with transaction(self._transactions) as session:
            await session.execute(statement)
