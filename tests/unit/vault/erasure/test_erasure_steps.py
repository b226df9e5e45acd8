"""Erasing an account, killed at every step: what a repeated call or a new start makes of it."""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.common.errors import InvalidRequest
from services.vault.audit.chain import Event
from services.vault.erasure.erasures import Erasures, Ledger, Object
from services.vault.erasure.ledger import EntryKind, LedgerChain, Mark
from services.vault.erasure.ledger_file import LedgerFile

NOW = datetime(2030, 1, 2, tzinfo=UTC)
ACCOUNT = "account1"


class Killed(BaseException):
    """The process ends here."""


class World:
    """Stores that survive the process, and a process that dies at a chosen step, before or after it."""

    def __init__(self) -> None:
        self.alive = {ACCOUNT, "account2"}
        self.destroyed: dict[str, datetime] = {}
        self.rows = {ACCOUNT: {"apiKeys/a", "apiKeys/b"}, "account2": {"apiKeys/c"}}
        self.buried: set[Object] = set()
        self.ended: set[str] = set()
        self.marks = {"keys": Mark(0, b""), "rows": Mark(0, b"")}
        self.events: list[Event] = []
        self.steps: Iterator[int] = iter(())
        self.dies_at: int | None = None

    def step(self, work: Callable[[], Any]) -> Any:
        n = next(self.steps)
        if self.dies_at == 2 * n:
            raise Killed
        done = work()
        if self.dies_at == 2 * n + 1:
            raise Killed
        return done


class Store:
    """One of the two databases of a world."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name

    async def destroyed_time(self, account: str) -> datetime | None:
        return self.world.destroyed.get(account)

    async def destroy(self, accounts: Collection[str]) -> int:
        def work() -> int:
            had = self.world.alive & set(accounts)
            self.world.alive -= had
            for account in accounts:
                self.world.destroyed.setdefault(account, NOW)
            return len(had)

        return int(self.world.step(work))

    async def mark_deleted(self, objects: Collection[Object]) -> None:
        self.world.step(lambda: self.world.buried.update(objects))

    async def end_accounts(self, accounts: Collection[str]) -> None:
        def work() -> None:
            self.world.ended |= set(accounts)
            for account in accounts:
                self.world.rows[account] = set()

        self.world.step(work)

    async def delete_keys(self, objects: Collection[Object]) -> None:
        def work() -> None:
            for account, name in objects:
                self.world.rows[account].discard(name)

        self.world.step(work)

    async def mark(self) -> Mark:
        return self.world.marks[self.name]

    async def advance(self, before: int, to: Mark) -> None:
        def work() -> None:
            if before <= self.world.marks[self.name].seq < to.seq:
                self.world.marks[self.name] = to

        self.world.step(work)


class Audit:
    def __init__(self, world: World) -> None:
        self.world = world

    async def record(self, event: Event) -> None:
        self.world.step(lambda: self.world.events.append(event))


class File:
    """The real ledger's file, whose writes are steps too."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.real = LedgerFile(directory, LedgerChain.of(bytearray(32), "installation1"))

    def reader(self) -> Any:
        return self.real.reader()

    def follow(self, *arguments: Any, **named: Any) -> Any:
        return self.real.follow(*arguments, **named)

    def append(self, *arguments: Any, **named: Any) -> Any:
        return self.world.step(lambda: self.real.append(*arguments, **named))


def process(world: World, directory: Path, *, dies_at: int | None = None) -> Erasures:
    """Return what a newly started process has."""
    world.steps, world.dies_at = iter(range(1000)), dies_at
    file: Any = File(world, directory)
    return Erasures(
        ledger=Ledger(file, lambda: NOW),
        keys=Store(world, "keys"),
        rows=Store(world, "rows"),
        audit=Audit(world),
    )


async def entries(erasures: Erasures) -> list[tuple[EntryKind, str]]:
    reader = erasures.ledger.reader()
    return [(e.tombstone.kind, e.tombstone.account) for e in await erasures.ledger.follow(reader)]


STEPS = 6


@pytest.mark.promise("S13")
@pytest.mark.parametrize("dies_at", range(2 * STEPS))
async def test_a_repeated_call_finishes_what_a_kill_left(tmp_path: Path, dies_at: int) -> None:
    world = World()
    with pytest.raises(Killed):
        await process(world, tmp_path, dies_at=dies_at).destroy_account(ACCOUNT, caller="auth")
    tombstones = await entries(process(world, tmp_path))
    # Nothing is destroyed whose tombstone is not there.
    assert tombstones or (ACCOUNT in world.alive and world.rows[ACCOUNT] and not world.ended)
    again = process(world, tmp_path)
    assert await again.destroy_account(ACCOUNT, caller="auth") == NOW
    assert world.alive == {"account2"}
    assert world.rows == {ACCOUNT: set(), "account2": {"apiKeys/c"}}
    assert world.ended == {ACCOUNT}
    assert {event.action for event in world.events} == {"erase"}
    assert set(await entries(again)) == {(EntryKind.ACCOUNT, ACCOUNT)}


@pytest.mark.promise("S13")
@pytest.mark.parametrize("dies_at", range(2 * STEPS))
async def test_a_new_start_finishes_what_a_kill_left(tmp_path: Path, dies_at: int) -> None:
    world = World()
    with pytest.raises(Killed):
        await process(world, tmp_path, dies_at=dies_at).destroy_account(ACCOUNT, caller="auth")
    again = process(world, tmp_path)
    left = await again.ledger.follow(again.ledger.reader())
    await again.carry_out(left)
    assert (ACCOUNT in world.alive) == (not left)
    assert (ACCOUNT in world.ended) == bool(left)
    assert {mark.seq for mark in world.marks.values()} == {len(left)}


async def test_the_steps_are_as_many_as_are_killed(tmp_path: Path) -> None:
    world = World()
    await process(world, tmp_path).destroy_account(ACCOUNT, caller="auth")
    assert next(world.steps) == STEPS


async def test_an_account_gets_one_tombstone_however_often_it_is_destroyed(tmp_path: Path) -> None:
    world = World()
    for _ in range(3):
        await process(world, tmp_path).destroy_account(ACCOUNT, caller="auth")
    assert await entries(process(world, tmp_path)) == [(EntryKind.ACCOUNT, ACCOUNT)]


async def test_a_mark_does_not_pass_over_what_another_call_has_not_finished(tmp_path: Path) -> None:
    world = World()
    with pytest.raises(Killed):
        await process(world, tmp_path, dies_at=1).destroy_account(ACCOUNT, caller="auth")
    again = process(world, tmp_path)
    await again.destroy_account("account2", caller="auth")
    assert {mark.seq for mark in world.marks.values()} == {0}
    await again.carry_out(await again.ledger.follow(again.ledger.reader()))
    assert {mark.seq for mark in world.marks.values()} == {2}
    assert not world.alive


@pytest.mark.promise("S13")
async def test_a_deleted_api_key_has_a_tombstone(tmp_path: Path) -> None:
    world = World()
    erasures = process(world, tmp_path)
    await erasures.delete_api_key(ACCOUNT, "apiKeys/a")
    assert world.rows[ACCOUNT] == {"apiKeys/b"}
    assert world.buried == {(ACCOUNT, "apiKeys/a")}
    assert await entries(erasures) == [(EntryKind.API_KEY, ACCOUNT)]


async def test_the_operators_account_is_nobodys_to_end(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        await process(World(), tmp_path).destroy_account("operator", caller="auth")
