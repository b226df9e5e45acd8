"""More passwords than bcrypt can do: who would wait too long is told at once, and has lost nothing by it."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from smelt.auth.v1 import deletions_pb2, deletions_pb2_grpc, recovery_pb2, users_pb2

from services.common.errors import RemoteError
from services.common.identity import PASSPORT_KEY
from tests.integration.auth.auth_server import PASSWORD, Auth, Replicas, refused, token_in
from tests.support.patience import PATIENCE_SECONDS

NEW = "a completely different passphrase"
OWNER, CROWD = "owner@example.com", "192.0.2.1"
#: How many come at once. A queue of a fixed length let as many wait past the gateway's deadline.
MANY = 20


def bcrypt_children() -> set[int]:
    """Return the processes that hash for this one."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            is_one = parent == os.getpid() and b"bcrypt_child.py" in entry.joinpath("cmdline").read_bytes()
        except OSError:
            continue
        if is_one:
            found.add(int(entry.name))
    return found


@contextmanager
def stopped(processes: set[int]) -> Iterator[None]:
    """Stop processes, as a machine does that has no time for them."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


async def until_done(call: Any) -> Any:
    """Make a call, again while there is no room."""
    while True:
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise


def told_to_come_again(answer: RemoteError) -> bool:
    return answer.reason == "UNAVAILABLE" and bool(answer.retry_after_seconds)


async def reset(auth: Auth, token: str) -> Any:
    return await auth.recovery.ConfirmPasswordReset(
        recovery_pb2.ConfirmPasswordResetRequest(token=token, new_password=NEW), timeout=PATIENCE_SECONDS
    )


@pytest.mark.long
@pytest.mark.promise("S22")
async def test_many_passwords_at_once_are_refused_early_and_cost_nobody_anything(replicas: Replicas) -> None:
    others = bcrypt_children()
    async with replicas.another(bcrypt_threads=1, bcrypt_wait_seconds=0.1) as auth:
        await until_done(lambda: auth.register(OWNER))
        signed_in = await until_done(lambda: auth.sign_in(OWNER))
        passport = ((PASSPORT_KEY, await auth.passport(f"Bearer {signed_in.token}")),)
        await auth.recovery.RequestPasswordReset(recovery_pb2.RequestPasswordResetRequest(email=OWNER))
        link = token_in(await auth.mail(OWNER))

        deletions: Any = deletions_pb2_grpc.DeletionServiceStub(auth.channel)

        def change() -> Any:
            request = users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=NEW)
            return auth.users.ChangePassword(request, metadata=passport, timeout=PATIENCE_SECONDS)

        def leave() -> Any:
            request = deletions_pb2.DeleteCurrentUserRequest(password=PASSWORD)
            return deletions.DeleteCurrentUser(request, metadata=passport, timeout=PATIENCE_SECONDS)

        with stopped(bcrypt_children() - others):
            held = asyncio.create_task(auth.register("held@example.com"))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not told_to_come_again(await refused(reset(auth, "no link"))):
                    await asyncio.sleep(0.01)
            macs = auth.vault.asked["Mac"]
            answers = await asyncio.gather(
                *(refused(auth.register(f"{n}@example.com", client=CROWD)) for n in range(MANY)),
                *(refused(auth.sign_in(OWNER, client=CROWD)) for _ in range(MANY)),
                *(refused(change()) for _ in range(MANY)),
                *(refused(leave()) for _ in range(MANY)),
                *(refused(reset(auth, link)) for _ in range(MANY)),
            )
            assert all(map(told_to_come_again, answers))
            # They were refused before the vault was asked for a code of their password.
            assert auth.vault.asked["Mac"] == macs
            assert not held.done()
        # What had begun is finished. Nobody has used up an attempt, a registration or the link.
        await held
        await until_done(lambda: auth.sign_in(OWNER, client=CROWD))
        for number in range(3):
            await until_done(lambda number=number: auth.register(f"{number}@example.com", client=CROWD))
        assert (await until_done(lambda: reset(auth, link))).ended.sessions == 2
        await until_done(lambda: auth.sign_in(OWNER, NEW, client=CROWD))
