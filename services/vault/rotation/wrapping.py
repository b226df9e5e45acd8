"""Rotation of the wrapping key and of the root key, one replica at a time, while all replicas serve.

Wrapping key, from version v:
1. v+1 is written into the free slot of the wrapping file.
2. The key store names v+1: from then on nothing new is wrapped under v.
3. Account and system keys are rewrapped under v+1, batch by batch.
4. When none is left, the key store's minimum becomes v+1: v is refused.
5. The slot of v is overwritten.

Root key: a new one is created beside the old one (1), the wrapping key is sealed under it in the free slot
(2), the key store names it (3), the old slot is overwritten (4), the old root key is destroyed (5).

Each step is durable before the next. What the key store names shows which steps are done, so after a crash
any replica continues from there: a step that the key store does not name is undone, one that it names is
finished.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from services.common.errors import DomainError, InvalidRequest, Kind
from services.common.logs import log
from services.vault.crypto.committing import KEY_BYTES, DoesNotOpen
from services.vault.crypto.secret import wiped
from services.vault.keys.installation import Installation
from services.vault.keys.keyring import CannotUnseal, CatchUp, Keyring, open_keyring
from services.vault.keys.wrapping_file import FileLocked, Slot, WrappingFile
from services.vault.private_files import FileUnusable
from services.vault.root.key import RootKey, RootKeyUnusable, RootProvider
from services.vault.threads import run_to_end

_BATCH = 500


class RotationRunning(DomainError):
    """Another replica is rotating keys; its rotation counts for all replicas."""

    reason = "ROTATION_RUNNING"
    kind = Kind.UNAVAILABLE
    message = "Another replica is rotating keys; try again later"


class RotationStuck(DomainError):
    """The rotation cannot continue; nothing was lost, and every key opens as before."""

    reason = "ROTATION_STUCK"
    kind = Kind.PRECONDITION

    def __init__(self, why: str) -> None:
        super().__init__(f"The rotation cannot continue: {why}")


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as the key store has it: of an account and epoch, or (without epoch) of a kind and id."""

    owner: str
    epoch: int | None
    id: str
    wrapped: bytes = field(repr=False)
    rewrapped: bytes = field(repr=False, default=b"")


class LockedKeyStore(Protocol):
    """The key store while this process has the lock of rotations, which ends with its connection.

    Raises Unavailable.
    """

    async def installation(self) -> Installation: ...

    async def name_version(self, version: int) -> None:
        """Name the next version of the wrapping key, with no uses yet."""
        ...

    async def name_root(self, id: str) -> None: ...

    async def outdated(self, version: int, *, after: WrappedKey | None, most: int) -> Sequence[WrappedKey]:
        """Return keys under another version in a fixed order: account keys, then the installation's own."""
        ...

    async def replace(self, version: int, keys: Sequence[WrappedKey]) -> None:
        """Store rewrapped keys, each only if the stored key has not changed since."""
        ...

    async def end(self, version: int) -> bool:
        """Make the version the oldest accepted one; False if keys under another version are left."""
        ...


class Rotation:
    """Rotates keys. While another replica rotates, every method raises RotationRunning."""

    def __init__(
        self,
        lock: Callable[[], AbstractAsyncContextManager[LockedKeyStore]],
        *,
        provider: RootProvider,
        file: WrappingFile,
        catch_up: CatchUp,
    ) -> None:
        """`lock` takes the lock or raises RotationRunning."""
        self._lock = lock
        self._provider = provider
        self._file = file
        self._catch_up = catch_up

    async def finish(self) -> Installation:
        """Finish what a crash left without beginning anything new; raise RotationStuck."""
        async with self._locked() as store:
            return await self._finished(store)

    async def wrapping_beyond(self, version: int) -> Installation:
        """Rotate until this version of the wrapping key, and every older one, is destroyed.

        It can be repeated with the same version. Raises RotationStuck, and InvalidRequest for a version that
        never existed.
        """
        async with self._locked() as store:
            named = await self._finished(store)
            if version > named.wrapping_version:
                raise InvalidRequest(violations=[("from_version", "there is no such version yet")])
            while named.wrapping_minimum <= version:
                following = named.wrapping_version + 1
                await run_to_end(self._write_version, named, following)
                await store.name_version(following)
                log.info("rotation.wrapping_begun", version=following)
                named = await self._finished(store)
                if named.wrapping_minimum != following:
                    raise RotationStuck("the key store did not take the new version")
            return named

    async def root_other_than(self, root_key_id: str) -> Installation:
        """Rotate the root key if it is this one; raise RotationStuck."""
        async with self._locked() as store:
            named = await self._finished(store)
            if named.root_key_id == root_key_id:
                following = await run_to_end(self._seal_under_next_root, named)
                await store.name_root(following)
                log.info("rotation.root_named", root_key=following)
                named = await self._finished(store)
            return named

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[LockedKeyStore]:
        with ExitStack() as stack:
            with _stuck_on_failure():
                try:
                    stack.enter_context(self._file.locked())
                except FileLocked:
                    raise RotationRunning from None
            async with self._lock() as store:
                yield store

    async def _finished(self, store: LockedKeyStore) -> Installation:
        named = await store.installation()
        if named.rotating:
            # The server's own keyring is renewed first, so that requests do not each discover the new
            # version.
            await self._catch_up()
            await self._rewrap(store, named)
            named = await store.installation()
        await self._catch_up()
        await run_to_end(self._tidy, named)
        return named

    async def _rewrap(self, store: LockedKeyStore, named: Installation) -> None:
        version = named.wrapping_version
        with _stuck_on_failure():
            keyring = await run_to_end(open_keyring, self._provider, self._file, named)
        closed: list[WrappedKey] = []
        with keyring:
            last: WrappedKey | None = None
            while batch := await store.outdated(version, after=last, most=_BATCH):
                last = batch[-1]
                rewrapped, broken = await run_to_end(_rewrapped, keyring, batch)
                closed += broken
                if rewrapped:
                    await store.replace(version, rewrapped)
        for key in closed:
            log.error("rotation.key_does_not_open", owner=key.owner, epoch=key.epoch, key=key.id)
        if closed:
            raise RotationStuck(f"{len(closed)} stored keys do not open; the log names them")
        if not await store.end(version):
            raise RotationStuck("some keys are still under the old version; run the command again")
        log.info("rotation.wrapping_ended", minimum=version)

    def _write_version(self, named: Installation, version: int) -> None:
        with (
            _stuck_on_failure(),
            self._provider.load(named.root_key_id) as root,
            wiped(bytearray(os.urandom(KEY_BYTES))) as key,
        ):
            self._file.add(Slot.seal(key, root, version=version, installation=named.id))

    def _seal_under_next_root(self, named: Installation) -> str:
        with (
            _stuck_on_failure(),
            self._provider.make_next() as following,
            self._provider.load(named.root_key_id) as root,
            wiped(self._slot(named, root).open(root)) as key,
        ):
            self._file.add(Slot.seal(key, following, version=named.wrapping_version, installation=named.id))
        return following.id

    def _tidy(self, named: Installation) -> None:
        """Destroy every slot and root key except those that the key store names."""
        with _stuck_on_failure():
            with self._provider.load(named.root_key_id) as root:
                kept = self._slot(named, root)
            for slot in self._file.slots():
                if slot is not None and slot != kept:
                    self._file.destroy(slot)
            self._provider.settle(named.root_key_id)

    def _slot(self, named: Installation, root: RootKey) -> Slot:
        """Return the slot that the key store names, once it has been opened; raise RotationStuck."""
        for slot in self._file.slots():
            if slot is not None and (slot.installation, slot.version) == (named.id, named.wrapping_version):
                with suppress(DoesNotOpen), wiped(slot.open(root)):
                    return slot
        raise RotationStuck(f"{self._file.path} does not contain the version that the key store names")


@contextmanager
def _stuck_on_failure() -> Iterator[None]:
    """Turn failures of key files and root keys into RotationStuck: they stop the rotation, not the vault."""
    try:
        yield
    except (CannotUnseal, FileUnusable, RootKeyUnusable) as error:
        raise RotationStuck(str(error)) from None
    except OSError as error:
        raise RotationStuck(f"a key file cannot be used: {error.strerror}") from None


def _rewrapped(keyring: Keyring, batch: Sequence[WrappedKey]) -> tuple[list[WrappedKey], list[WrappedKey]]:
    """Return the keys rewrapped under the ring's version, and those that do not open."""
    rewrapped, closed = [], []
    for key in batch:
        try:
            if key.epoch is None:
                wrapped = keyring.rewrap_system_key(key.owner, key.id, key.wrapped)
            else:
                wrapped = keyring.rewrap_account_key(key.owner, key.epoch, key.wrapped)
        except DoesNotOpen:
            closed.append(key)
        else:
            rewrapped.append(replace(key, rewrapped=wrapped))
    return rewrapped, closed
