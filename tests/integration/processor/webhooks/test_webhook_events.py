"""The events that a webhook may ask for are those that the database tells of, no more and no fewer."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, create_engine, delete, insert, select, text, update

from services.processor.jobs.job import State
from services.processor.models import JobRow, WebhookDeliveryRow, WebhookRow
from services.processor.webhooks.webhooks import EVENTS
from tests.support.stores import Databases

JOB: Any = JobRow.__table__
WEBHOOK: Any = WebhookRow.__table__
DELIVERY: Any = WebhookDeliveryRow.__table__
_EMPTY: dict[type, object] = {str: "", int: 1, float: 0.0, bool: True, bytes: b"", list: []}


def row(table: Table, **values: object) -> dict[str, object]:
    """Return a row whose other columns hold as little as they may, or what the database gives them."""
    empty = _EMPTY | {datetime: datetime.now(UTC)}
    return {
        column.name: empty[column.type.python_type]
        for column in table.columns
        if not column.nullable and column.server_default is None
    } | values


def told(connection: Connection, before: str, after: str) -> set[str]:
    """Return the events that the database tells of when a job goes from one state to another."""
    connection.execute(update(JOB).values(state=before))
    connection.execute(delete(DELIVERY))
    connection.execute(update(JOB).values(state=after))
    return set(connection.scalars(select(DELIVERY.c.event)))


def test_the_database_tells_of_exactly_the_events_that_can_be_asked_for(databases: Databases) -> None:
    with databases.fresh("processor") as database:
        engine = create_engine(database.url)
        with engine.begin() as connection:
            function = connection.scalar(text("SELECT pg_get_functiondef('tell_webhooks'::regproc)"))
            trigger = connection.scalar(
                text("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'job_tells_webhooks'")
            )
            assert function
            assert trigger
            # Every event's name is made of a state; one that is written out would be missed below.
            assert set(re.findall(r"'(\w+\.\w*)'", function)) == {"job."}
            states = {*State, *re.findall(r"'([A-Z_]+)'", trigger)}
            wanted = sorted({*EVENTS, *(f"job.{state.lower()}" for state in states)})
            connection.execute(insert(WEBHOOK), row(WEBHOOK, id="w", account="ada", events=wanted))
            connection.execute(insert(JOB), row(JOB, id="j", account="ada"))
            events = [told(connection, before, after) for before in states for after in states]
        engine.dispose()
    assert set().union(*events) == set(EVENTS)
