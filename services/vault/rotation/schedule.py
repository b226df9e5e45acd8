"""When keys are rotated: on an operator's call, before a key is used up, and after a crash."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from services.common.errors import DomainError, Unavailable
from services.common.logs import describe, log
from services.vault.keys.account_keys import ROTATE_AT_USES
from services.vault.keys.installation import Installation, NamesInstallation
from services.vault.keys.keyring import CatchUp
from services.vault.rotation.wrapping import Rotation, RotationRunning, RotationStuck

_LOOK_SECONDS = 1.0
_STUCK_SECONDS = 10.0
# An operator's call is answered within this time. The work continues, and the next call reports it.
_ANSWER_SECONDS = 5.0


class Rotations:
    """The rotations of one replica, one at a time."""

    def __init__(self, rotation: Rotation, *, keystore: NamesInstallation, catch_up: CatchUp) -> None:
        self._rotation = rotation
        self._keystore = keystore
        self._catch_up = catch_up
        self._task: asyncio.Task[Installation] | None = None

    async def wrapping_beyond(self, version: int) -> Installation | None:
        """Rotate until this version of the wrapping key is destroyed; return None while that takes time.

        Raises RotationStuck, Unavailable.
        """
        return await self._answer(self._rotation.wrapping_beyond(version))

    async def root_other_than(self, id: str) -> Installation | None:
        """Rotate the root key if it is this one; return None while that takes time.

        Raises RotationStuck, Unavailable.
        """
        return await self._answer(self._rotation.root_other_than(id))

    async def run(self) -> None:
        """Follow other replicas' rotations, finish what they left, and rotate keys that are half used up."""
        # Work that a crash left may show only in the files, so it is looked for once at the start.
        wanted = await self._look(self._rotation.finish())
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            wanted = await self._look(self._follow(unfinished=wanted is None))

    async def _follow(self, *, unfinished: bool) -> Installation:
        await self._catch_up()
        named = await self._keystore.installation()
        if named is None:
            raise Unavailable
        if named.wrapping_uses >= ROTATE_AT_USES:
            return await self._rotation.wrapping_beyond(named.wrapping_version)
        if named.rotating or unfinished:
            return await self._rotation.finish()
        return named

    async def _look(self, work: Coroutine[Any, Any, Installation]) -> Installation | None:
        """Return the result; None if the work must be tried again."""
        try:
            return await work
        except RotationRunning:
            return None
        except DomainError as error:
            # The next look tries again; until then every key opens as before.
            log.warning("rotation.failed", reason=error.reason, **describe(error))
            if isinstance(error, RotationStuck):
                # An operator has to act, and each try reads every key.
                await asyncio.sleep(_STUCK_SECONDS)
            return None

    async def _answer(self, work: Coroutine[Any, Any, Installation]) -> Installation | None:
        if self._task is not None and not self._task.done():
            work.close()
            await asyncio.wait({self._task}, timeout=_ANSWER_SECONDS)
            return None
        task = self._task = asyncio.ensure_future(work)
        task.add_done_callback(_note)
        await asyncio.wait({task}, timeout=_ANSWER_SECONDS)
        if not task.done():
            return None
        try:
            return task.result()
        except RotationRunning:
            return None


def _note(task: asyncio.Task[Installation]) -> None:
    """Log a failure, because the operator's call may have been answered before."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, RotationRunning):
        log.warning("rotation.failed", **describe(error))
