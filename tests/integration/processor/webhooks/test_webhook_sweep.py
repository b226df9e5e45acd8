"""Of a webhook's ended messages, the newest are kept; those that wait are kept in any case."""

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from services.processor.webhooks.store.queue import MOST_KEPT, WebhookQueue
from tests.integration.processor import webhook_calls as hooks
from tests.integration.processor.suite import Person, Suite
from tests.support.webhook_receiver import Receiver

pytestmark = pytest.mark.promise("S43")

_FILL = """
    INSERT INTO webhook_delivery (id, account, webhook, event, create_time, state, end_time,
                                  next_attempt_time)
    SELECT 'swept' || n, account, id, 'job.completed', now() - n * interval '1 second',
           CASE WHEN n > %(ended)s THEN 'PENDING' ELSE 'DELIVERED' END, now(), now() + interval '1 day'
    FROM webhook, generate_series(1, %(all)s) AS n WHERE id = %(webhook)s
"""


async def test_the_oldest_ended_messages_beyond_the_number_go(
    suite: Suite, ada: Person, receiver: Receiver
) -> None:
    name, _ = await hooks.hook(ada, receiver.url("/swept"))
    ended, waiting = MOST_KEPT + 1500, 50
    with psycopg.connect(suite.conninfo, autocommit=True) as connection:
        about = {"ended": ended, "all": ended + waiting, "webhook": name.removeprefix("webhooks/")}
        connection.execute(_FILL, about)
        async with AsyncConnectionPool(suite.conninfo, min_size=1, open=False) as pool:
            await WebhookQueue(pool).sweep()
        kept = connection.execute(
            "SELECT state, count(*), count(*) FILTER (WHERE id = 'swept1') FROM webhook_delivery"
            " WHERE webhook = %(webhook)s GROUP BY state ORDER BY state",
            about,
        ).fetchall()
    assert kept == [("DELIVERED", MOST_KEPT, 1), ("PENDING", waiting, 0)]
    await hooks.remove(ada, name)
