"""Devices in Postgres."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.models import AccountRow, DeviceRow
from services.auth.sessions.devices import MOST_KEPT, NewDevice
from services.common.database import Transactions, transaction

#: A device that is unused for longer is forgotten; its owner then shares the limit of the e-mail address
#: again.
_KEPT = timedelta(days=365)


async def remember_device(session: AsyncSession, device: NewDevice, *, account: str, now: datetime) -> None:
    """Store a device of the account, and forget the least recently used ones beyond `MOST_KEPT`."""
    values = {"id": device.id, "account": account, "digest": device.digest}
    await session.execute(insert(DeviceRow).values(**values, create_time=now, last_used_time=now))
    newest = (
        select(DeviceRow.id)
        .where(DeviceRow.account == account)
        .order_by(DeviceRow.last_used_time.desc(), DeviceRow.id)
        .limit(MOST_KEPT)
    )
    await session.execute(delete(DeviceRow).where(DeviceRow.account == account, DeviceRow.id.not_in(newest)))


class DeviceStore:
    """Finds devices."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def find(self, email: str, digest: bytes) -> str | None:
        owner = select(AccountRow.id).where(AccountRow.email == email).scalar_subquery()
        statement = (
            update(DeviceRow)
            .where(DeviceRow.digest == digest, DeviceRow.account == owner)
            .values(last_used_time=func.clock_timestamp())
            .returning(DeviceRow.id)
        )
        async with transaction(self._transactions) as session:
            return (await session.execute(statement)).scalar_one_or_none()

    async def sweep(self) -> None:
        """Forget devices that were unused for a year."""
        async with transaction(self._transactions) as session:
            old = DeviceRow.last_used_time < func.clock_timestamp() - _KEPT
            await session.execute(delete(DeviceRow).where(old))
