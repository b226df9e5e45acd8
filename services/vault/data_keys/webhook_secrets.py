"""Webhook secrets: created and shown once, then used only here, to sign."""

import hmac
import os
from collections.abc import Sequence

from services.common.errors import DomainError, Kind
from services.common.identity import JobGrant, Passport
from services.vault.audit.actions import Action
from services.vault.audit.chain import Audit, Event
from services.vault.audit.refusals import Refusals
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import KEY_BYTES, DoesNotOpen
from services.vault.crypto.secret import Secret
from services.vault.data_keys.data_keys import Purpose
from services.vault.grants.rules import may_sign
from services.vault.keys.account_keys import AccountKeys
from services.vault.metrics import DAMAGED


class WebhookSecretInvalid(DomainError):
    """The wrapped secret was made for something else, or was altered."""

    reason = "WEBHOOK_SECRET_INVALID"
    kind = Kind.DAMAGED
    message = "The webhook's secret is damaged; rotate it"


class WebhookSecrets:
    """Creates secrets and signs with them. The processor stores them wrapped and sees each one once."""

    def __init__(self, *, account_keys: AccountKeys, audit: Audit, refusals: Refusals) -> None:
        self._account_keys = account_keys
        self._audit = audit
        self._refusals = refusals

    async def create(self, account: str, webhook: str, generation: int) -> tuple[Secret, bytes]:
        """Return a new secret, which the caller wipes, and its wrapped form; raise AccountErased."""
        with await self._account_keys.for_sealing(account) as under:
            # Recorded before it is shown: an owner must be able to see where news of the account goes.
            await self.record(account, webhook, Action.CREATE_WEBHOOK_SECRET)
            # Standard Webhooks: 24 to 64 random bytes.
            secret = Secret(bytearray(os.urandom(KEY_BYTES)))
            return secret, under.wrap(secret, self._binding(account, webhook, generation))

    async def sign(
        self,
        proof: Passport | JobGrant,
        webhook: str,
        secrets: Sequence[tuple[int, bytes]],
        content: bytes,
        *,
        caller: str,
    ) -> list[bytes]:
        """Return an HMAC-SHA256 for each (generation, wrapped secret) of the proof's account.

        Raises GrantInvalid, WebhookSecretInvalid, AccountErased.
        """
        account, signatures = proof.account, []
        try:
            may_sign(proof)
        except DomainError as error:
            self._refused(error, account, webhook, caller)
            raise
        for generation, wrapped in secrets:
            binding = self._binding(account, webhook, generation)
            try:
                secret = await self._account_keys.unwrapped(account, wrapped, binding)
            except DoesNotOpen:
                DAMAGED.inc()
                invalid = WebhookSecretInvalid()
                self._refused(invalid, account, webhook, caller)
                raise invalid from None
            with secret:
                signatures.append(hmac.digest(secret.reveal(), content, "sha256"))
        return signatures

    async def record(self, account: str, webhook: str, action: Action) -> None:
        """Put a change of a webhook into the audit log; raise AuditUnavailable."""
        await self._audit.record(Event(account, webhook, action, "ok", {}))

    def _refused(self, error: DomainError, account: str, webhook: str, caller: str) -> None:
        self._refusals.refused(
            error, account=account, object=webhook, action=Action.SIGN_WEBHOOK, caller=caller
        )

    def _binding(self, account: str, webhook: str, generation: int) -> Binding:
        return self._account_keys.keyring.binding(
            Purpose.WEBHOOK.value, account=account, object=webhook, generation=generation
        )
