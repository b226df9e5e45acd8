"""Data keys: created and opened under the account's key for the services that store the data."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum

from services.common import identity
from services.common.errors import DomainError, Kind
from services.common.identity import ExportPermit, JobGrant, KeyProof
from services.vault.audit.actions import Action
from services.vault.audit.chain import Audit, Event
from services.vault.audit.refusals import Refusals
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import KEY_BYTES, DoesNotOpen
from services.vault.crypto.secret import Secret
from services.vault.grants.rules import GrantInvalid, GrantRevoked, Revocations
from services.vault.keys.account_keys import AccountKeys
from services.vault.metrics import DAMAGED


class Purpose(Enum):
    """The kinds of objects that have a data key; the value is part of the key's associated data."""

    FILE = "data-key/file"
    JOB = "data-key/job"
    RESULT = "data-key/result"
    EXPORT = "data-key/export"
    # Rewrapped here like the others; only `webhook_secrets` creates and uses it.
    WEBHOOK = "webhook-secret"


# The service that stores each kind of data. A service gets no data keys of another one.
_HOLDER: Mapping[Purpose, str] = {
    Purpose.FILE: identity.FILES,
    Purpose.JOB: identity.PROCESSOR,
    Purpose.RESULT: identity.FILES,
    Purpose.EXPORT: identity.FILES,
    Purpose.WEBHOOK: identity.PROCESSOR,
}
_COLLECTION: Mapping[Purpose, str] = {
    Purpose.FILE: "files/",
    Purpose.JOB: "jobs/",
    Purpose.RESULT: "jobs/",
    Purpose.EXPORT: "dataExports/",
    Purpose.WEBHOOK: "webhooks/",
}


class DataKeyInvalid(DomainError):
    """The wrapped key was made for something else, or was altered."""

    reason = "DATA_KEY_INVALID"
    kind = Kind.DAMAGED
    message = "The data key is damaged or belongs to something else"


class DataKeyContextInvalid(DomainError):
    """Objects of this name have no data key for this purpose, or it belongs to another service."""

    reason = "DATA_KEY_CONTEXT_INVALID"
    kind = Kind.FORBIDDEN
    message = "This caller has no data keys for this kind of object"


@dataclass(frozen=True, slots=True)
class DataKeyContext:
    """What a data key is for: the object's name, and its generation, which rises when it is rewritten."""

    purpose: Purpose
    object: str
    generation: int


class DataKeys:
    """Creates and opens data keys for the account that the proof names. The vault stores none of them."""

    def __init__(
        self, *, account_keys: AccountKeys, revocations: Revocations, audit: Audit, refusals: Refusals
    ) -> None:
        self._refusals = refusals
        self._account_keys = account_keys
        self._revocations = revocations
        self._audit = audit

    async def create(self, proof: KeyProof, context: DataKeyContext, *, caller: str) -> tuple[Secret, bytes]:
        """Return a new key, which the caller wipes, and its wrapped form.

        Raises GrantInvalid, GrantRevoked, DataKeyContextInvalid, AccountErased.
        """
        with self._noted(Action.CREATE_DATA_KEY, proof, context, caller):
            await self._check(proof, context, caller)
            # An export reads existing data; the only thing it creates is its archive.
            if isinstance(proof, ExportPermit) and context.purpose is not Purpose.EXPORT:
                raise GrantInvalid
            under = await self._account_keys.for_sealing(proof.account)
        with under:
            key = Secret(bytearray(os.urandom(KEY_BYTES)))
            return key, under.wrap(key, self._binding(proof.account, context))

    async def open(self, proof: KeyProof, context: DataKeyContext, wrapped: bytes, *, caller: str) -> Secret:
        """Return the key, which the caller wipes.

        Raises DataKeyInvalid, GrantInvalid, GrantRevoked, DataKeyContextInvalid, AccountErased.
        """
        with self._noted(Action.OPEN_DATA_KEY, proof, context, caller):
            await self._check(proof, context, caller)
            key = await self._opened(proof.account, context, wrapped)
        if key is None:
            DAMAGED.inc()
            details = {"caller": caller, "purpose": context.purpose.value, "reason": DataKeyInvalid.reason}
            # Damage is on record before the caller hears of it, unless it comes in floods.
            if self._refusals.may_record():
                await self._audit.record(
                    Event(proof.account, context.object, Action.OPEN_DATA_KEY, "refused", details)
                )
            raise DataKeyInvalid
        return key

    @contextmanager
    def _noted(self, action: Action, proof: KeyProof, context: DataKeyContext, caller: str) -> Iterator[None]:
        try:
            yield
        except DomainError as error:
            self._refusals.refused(
                error, account=proof.account, object=context.object, action=action, caller=caller
            )
            raise

    async def rewrap(
        self, account: str, keys: Sequence[tuple[DataKeyContext, bytes]], *, caller: str
    ) -> list[bytes]:
        """Return an account's keys rewrapped under its active epoch, empty for a key that does not open.

        No key leaves in the clear, so the owner's certificate is enough proof. Raises
        DataKeyContextInvalid, AccountErased, AccountKeyExhausted.
        """
        for context, _ in keys:
            _check_holder(context, caller)
        with ExitStack() as opened:
            secrets: list[Secret | None] = []
            for context, wrapped in keys:
                secret = await self._opened(account, context, wrapped)
                secrets.append(secret and opened.enter_context(secret))
            with await self._account_keys.for_sealing(account, uses=len(keys)) as under:
                rewrapped = [
                    under.wrap(secret, self._binding(account, context)) if secret else b""
                    for (context, _), secret in zip(keys, secrets, strict=True)
                ]
        closed = [
            context.object for (context, _), wrapped in zip(keys, rewrapped, strict=True) if not wrapped
        ]
        details = {"caller": caller, "count": len(keys) - len(closed), "closed": closed}
        outcome = "refused" if closed else "ok"
        await self._audit.record(
            Event(account, f"accountKeys/{under.epoch}", Action.REWRAP_DATA_KEYS, outcome, details)
        )
        return rewrapped

    async def _opened(self, account: str, context: DataKeyContext, wrapped: bytes) -> Secret | None:
        try:
            return await self._account_keys.unwrapped(account, wrapped, self._binding(account, context))
        except DoesNotOpen:
            return None

    async def _check(self, proof: KeyProof, context: DataKeyContext, caller: str) -> None:
        _check_holder(context, caller)
        if context.purpose is Purpose.WEBHOOK:
            raise DataKeyContextInvalid
        if isinstance(proof, JobGrant):
            # A grant opens the file that it names and the data of the job that it names, nothing else.
            if context.object != (proof.file if context.purpose is Purpose.FILE else proof.job):
                raise GrantInvalid
            if await self._revocations.is_revoked(proof.account, proof.id):
                raise GrantRevoked
        elif (
            isinstance(proof, ExportPermit)
            and context.purpose is Purpose.EXPORT
            and context.object != proof.export
        ):
            raise GrantInvalid

    def _binding(self, account: str, context: DataKeyContext) -> Binding:
        return self._account_keys.keyring.binding(
            context.purpose.value, account=account, object=context.object, generation=context.generation
        )


def _check_holder(context: DataKeyContext, caller: str) -> None:
    purpose = context.purpose
    if _HOLDER[purpose] != caller or not context.object.startswith(_COLLECTION[purpose]):
        raise DataKeyContextInvalid
