"""One clock: the database's time, however wrong the machine's is."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.common import clock as clock_module
from services.common.clock import DatabaseClock
from services.common.errors import Unavailable

ROOT = Path(__file__).resolve().parents[3]
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
#: Where the machine's own clock may be read, and why nothing expires by it.
MACHINES_CLOCK = {
    "services/common/clock.py": "before the database was heard, and to report a wrong clock",
    "services/common/tokens.py": "the default of a parameter that every service sets",
    "services/auth/mail/senders.py": "the date in a mail's head, and the name of a mail's file",
    "services/processor/provider/limiter.py": "until Valkey is heard, whose clock workers share",
    "services/processor/provider/answer.py": "a provider's wait, a time by its own clock",
    "services/processor/provider/announced_limits.py": "when a provider's limit begins anew, by its clock",
    "services/processor/provider/batches.py": "as for calls to a model, beside which it stands",
    "services/processor/economy/answers.py": "as for calls to a model, whose answers came in a batch",
    "services/processor/provider/provider.py": "a provider's `Retry-After`, a time by its own clock",
    "services/processor/webhooks/post.py": "a receiver's `Retry-After`, a time by its own clock",
    "services/vault/audit/checkpoints.py": "a metric",
    "services/vault/commands/backups.py": "a command without a database of its own names its backup's time",
    "services/vault/root/store.py": "when an operator confirmed a recovery sheet",
}
_CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}


@dataclass
class Database:
    """A database's clock, and a machine's monotonic one."""

    says: datetime = NOON
    passed: float = 100.0
    takes: float = 0.0
    down: bool = False

    async def ask(self) -> datetime:
        if self.down:
            raise Unavailable
        self.passed += self.takes / 2
        said = self.says
        self.passed += self.takes / 2
        return said

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def clock(database: Database) -> DatabaseClock:
    return DatabaseClock(database.ask, database.monotonic)


async def test_it_tells_the_databases_time_and_goes_on_by_itself(
    clock: DatabaseClock, database: Database
) -> None:
    await clock.learn()
    assert clock.now() == NOON
    database.passed += 90
    assert clock.now() == NOON + timedelta(seconds=90)
    assert clock.after(30) == NOON + timedelta(minutes=2)
    assert clock.seconds() == (NOON + timedelta(seconds=90)).timestamp()


async def test_a_database_that_is_away_changes_nothing(clock: DatabaseClock, database: Database) -> None:
    await clock.learn()
    database.down = True
    database.passed += 3600
    with pytest.raises(Unavailable):
        await clock.learn()
    assert clock.now() == NOON + timedelta(hours=1)


async def test_a_slow_answer_is_half_as_old_as_it_took_and_a_very_slow_one_is_not_believed(
    clock: DatabaseClock, database: Database
) -> None:
    database.takes = 2.0
    await clock.learn()
    assert clock.now() == NOON + timedelta(seconds=1)
    database.takes, database.says = 60.0, NOON + timedelta(days=1)
    await clock.learn()
    assert clock.now() == NOON + timedelta(seconds=61)
    # Of a clock that knows nothing yet, it is better than the machine's.
    fresh = DatabaseClock(database.ask, database.monotonic)
    await fresh.learn()
    assert fresh.now() == NOON + timedelta(days=1, seconds=30)


@pytest.mark.parametrize("hours", [-1, 1, 24 * 365])
async def test_the_machines_clock_decides_nothing(
    clock: DatabaseClock, database: Database, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return NOON + timedelta(hours=hours)

    monkeypatch.setattr(clock_module, "datetime", Wrong)
    await clock.learn_if_possible()
    assert clock.now() == NOON


async def test_without_any_answer_it_tells_the_machines_time(
    clock: DatabaseClock, database: Database
) -> None:
    database.down = True
    await clock.learn_if_possible()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=5)


def test_no_other_clock_is_read_in_a_service() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "services").rglob("*.py"))
        if "migrations" not in path.parts and reads_the_machines_clock(path.read_text())
    }
    assert found == MACHINES_CLOCK.keys()


def reads_the_machines_clock(code: str) -> bool:
    is_clock: Callable[[ast.AST], bool] = lambda node: (  # noqa: E731
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in _CLOCKS
    )
    return any(map(is_clock, ast.walk(ast.parse(code))))
