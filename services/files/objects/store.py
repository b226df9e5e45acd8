"""What is to be removed from the bucket, on record before it is removed."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.files.models import DoomedObjectRow


async def doom(session: AsyncSession, object_key: str, now: datetime) -> None:
    """Put an object on record as to be deleted, in the transaction that removes what named it."""
    await session.execute(insert(DoomedObjectRow).values(object_key=object_key, create_time=now))
