"""Restores the main cluster to a moment, in steps that may be killed and repeated at any line.

Everything happens in a workspace beside the data directory. The data directory itself is touched by the last
step alone, which is two renames; by then every byte was opened, every file verified, and what died since was
buried.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from ops.archive import window
from ops.archive.copies import LEDGER, fetch
from ops.archive.wal import only_one
from ops.archive.window import Contents, Plan
from ops.errors import Damaged, OpsError, OutsideWindow
from ops.postgres.programs import Programs
from ops.restoring import target
from ops.restoring.fetch import Fetching, check_space
from ops.restoring.recover import Recovering
from ops.sealing import Identity
from ops.state import Json, Steps
from ops.stores.store import Store


class Settled(Protocol):
    """What a settlement says."""

    def lines(self) -> list[str]: ...

    def as_json(self) -> Json: ...


class Settle(Protocol):
    """What must happen to recovered data before services start on it."""

    async def __call__(
        self,
        main_url: str,
        shadow_url: str | None,
        moment: datetime,
        state: Steps,
        *,
        ledger: Path | None,
        window: timedelta,
    ) -> Settled: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator wants."""

    moment: datetime
    target: Path
    window: timedelta
    #: An earlier backup than the newest that fits, or empty.
    backup: str = ""
    #: Go on although the archive's end cannot be recovered: then more ends than must.
    without_shadow: bool = False
    ledger: Path | None = None

    def told(self) -> dict[str, Json]:
        return {
            "moment": self.moment.isoformat(),
            "backup": self.backup,
            "without_shadow": self.without_shadow,
        }


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore. `say` prints a line for the operator."""

    store: Store
    identity: Identity
    programs: Programs
    settle: Settle
    say: Any

    async def run(self, wish: Wish) -> None:
        """Restore; raise Damaged, OutsideWindow or OpsError before anything live is touched."""
        place = target.Place(wish.target)
        place.check()
        if (done := target.finished(place, wish.told())) is not None:
            self.say(f"this restore is done already; what was there before is in {done}, if anything was")
            return
        contents = window.read(self.store)
        main, shadow = self._plans(contents, wish)
        place.open(wish.told(), self.programs)
        with only_one(place.workspace / "lock"):
            steps = Steps(place.state)
            if "settle" not in steps.done():
                await self._make(wish, place, steps, main=main, shadow=shadow)

            async def put_in_place() -> Json:
                return str(place.swap(place.workspace / "main"))

            before = await steps.once("swap", put_in_place)
            self.say(f"in place: {place.data}")
            if place.is_there(str(before)):
                self.say(f"what was there before is in {before}; delete it when you have looked")
            place.close()

    async def _make(
        self, wish: Wish, place: target.Place, steps: Steps, *, main: Plan, shadow: Plan | None
    ) -> None:
        room = place.workspace
        check_space(room, [main, shadow] if shadow else [main])
        fetched = Fetching(self.store, self.identity, room)
        recovering = Recovering(self.programs, room)
        # What is fetched and combined gets its name when it is whole, so these need no record.
        for backup in dict.fromkeys((*main.links, *(shadow.links if shadow else ()))):
            self.say(f"fetching backup {backup.id} ({backup.size >> 10} KiB)")
            fetched.backup(backup)
        pieces = max(fetched.log(plan) for plan in (main, shadow) if plan)
        self.say(f"fetched and opened: {len(main.links)} backups, {pieces} pieces of log")
        recovering.combine(fetched, main, "main")
        if shadow:
            recovering.combine(fetched, shadow, "shadow")
        self.say("combined; every file is what its backup says")

        ledger = wish.ledger
        if ledger is None:
            copy = room / "erasures.jsonl"
            copy.unlink(missing_ok=True)
            ledger = copy if fetch(self.store, self.identity, LEDGER, copy) else None

        async def bury() -> Json:
            log = fetched.log_room
            state = steps.within("settle")
            with recovering.recovered("main", log, to=wish.moment) as server:
                self.say(f"main cluster recovered to {wish.moment.isoformat()}")
                if shadow is None:
                    report = await self.settle(
                        server.url(), None, wish.moment, state, ledger=ledger, window=wish.window
                    )
                else:
                    with recovering.recovered("shadow", log, to=None) as behind:
                        self.say("shadow recovered to the end of the archive")
                        report = await self.settle(
                            server.url(),
                            behind.url(),
                            wish.moment,
                            state,
                            ledger=ledger,
                            window=wish.window,
                        )
            return list(report.lines())

        for line in cast(list[str], await steps.once("settle", bury)):
            self.say(line)

    def _plans(self, contents: Contents, wish: Wish) -> tuple[Plan, Plan | None]:
        main = contents.plan(wish.moment, backup=wish.backup)
        if wish.without_shadow:
            return main, None
        try:
            return main, contents.plan_to_end()
        except (Damaged, OutsideWindow) as error:
            raise type(error)(
                f"{error}. The moment itself can be restored, but what ended after it cannot be read: with "
                "--without-shadow, all sessions, access tokens and passwords end instead"
            ) from None


def abandon(place: target.Place) -> None:
    """Give up a restore that was begun: its workspace goes, the data directory stays as it is."""
    if not place.workspace.exists():
        raise OpsError(f"no restore was begun beside {place.data}")
    shutil.rmtree(place.workspace)
