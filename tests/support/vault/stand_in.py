"""The stand-in for the vault: it serves the vault's contracts over mTLS, and can be away and come back."""

from typing import Any

import grpc

from services.common.rpc import server
from services.common.rpc.health import Health
from services.common.settings import PeerSettings, ServiceSettings
from services.vault.policy import POLICY
from tests.support.vault.accounts import Audit, Erasure
from tests.support.vault.api_keys import ApiKeyDirectory
from tests.support.vault.data_keys import DataKeys
from tests.support.vault.known import Known
from tests.support.vault.release import KeyRelease
from tests.support.vault.signing import Signing
from tests.support.vault.suspension import Suspension
from tests.support.vault.webhooks import WebhookSecrets

_SERVICERS = (ApiKeyDirectory, Audit, DataKeys, Erasure, KeyRelease, Signing, Suspension, WebhookSecrets)
_CONTRACTS = [name for each in _SERVICERS for name, _ in server.contracts_of(server.hollow(each))]
_METHODS = server.methods_of(_CONTRACTS)


class VaultStandIn(Known):
    """A vault as those see it who call it: `tests/integration/vault/contract` holds it to the real one.

    It differs on purpose in this:

    * Not served is what auth, files and the processor do not ask in their tests: ApiKeyService (a test says
      `add_key`), PrivacyService, and everything for operators (a test says `rotate`).
    * Nothing is kept: a new one knows no account. One that was stopped and started again knows all it knew.
    * What it seals has a format of its own, its token keys are called `{kind}-1`, and there is an older
      pepper, `p0`, beside the current one, `p1`.
    * Retired account keys have no grace, and go as soon as files and processor have confirmed.
    * Releases are answered in the order in which they are asked. There is no brake, no limit of grants that a
      stream remembers, and no time after which a stream ends.
    * Refusals and rotations are not on record, so that ListEvents tells of changes alone.
    * Messages of refusals are its own; their reasons and kinds are the vault's.
    * An account without a key of its own may have the `usual_key`, which nobody can delete.
    """

    def __init__(self) -> None:
        super().__init__({method.rpartition("/")[2] for method in _METHODS})
        self._server: grpc.aio.Server | None = None

    @property
    def keys(self) -> dict[str, Any]:
        """The key pair of each kind of token, by the kind's name."""
        return self.tokens.keys

    def token(self, kind: str, claims: dict[str, Any], **more: Any) -> str:
        """Return a token, right in everything that the arguments do not change; see `Tokens`."""
        return self.tokens.token(kind, claims, **more)

    def passport(self, account: str) -> str:
        """Return the passport of a person who is signed in, for an hour."""
        return self.tokens.passport(account)

    def grant(self, account: str, **claims: Any) -> str:
        """Return a grant of one call for an hour; names that are not given are empty."""
        return self.tokens.grant(account, **claims)

    def rotate(self, account: str) -> None:
        """Give an account its next key, as an operator does."""
        self.account_keys.rotate(account)

    async def start(self, settings: PeerSettings, address: str) -> None:
        """Serve at this address until stopped; it can be started again."""
        told = ServiceSettings(
            **settings.model_dump(),
            listen=address,
            health_listen="127.0.0.1:1",
            database_url_file=settings.tls_ca_file,
        )
        parts = server.Parts(
            policy={method: POLICY[method] for method in _METHODS},
            servicers=[servicer(self) for servicer in _SERVICERS],
            verifier=self.tokens.verifier,
            may=self.may,
            note=self.note,
        )
        self._server = await server.start(told, parts, Health([]))

    async def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None
