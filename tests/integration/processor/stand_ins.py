"""Runs stand-ins for vault, files and auth over real mTLS, in a separate thread."""

import asyncio
import secrets
import threading
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.certificates import Certificates
from deploy.local.ports import PortBlock
from services.common.identity import PROCESSOR, Allow
from services.common.rpc import server
from services.common.rpc.health import Health
from services.common.settings import ServiceSettings
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from services.common.tokens import Kind as TokenKind
from tests.integration.processor.stand_in_services import (
    ISSUER,
    KEY_ID,
    AuthStandIn,
    FilesStandIn,
    VaultStandIn,
    World,
)
from tests.support.patience import PATIENCE_SECONDS
from tests.support.sessions import EverySessionStands


class StandIns:
    """Runs the three services; `passport` returns a person's passport."""

    def __init__(self, certificates: Certificates) -> None:
        self.world = World()
        self._certificates = certificates
        self._key = Ed25519PrivateKey.generate()
        self.ports: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "StandIns":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)

    def passport(self, account: str) -> str:
        """Return a passport for a person."""
        return self.token("passport", account, sid=f"session-{account}", scopes=["read", "write"])

    def token(self, kind: str, account: str, **claims: Any) -> str:
        """Return a signed token."""
        now = int(time.time())
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": f"smelt/{kind}",
                "sub": account,
                "iat": now,
                "exp": now + 600,
                "jti": secrets.token_hex(8),
                **claims,
            },
            self._key,
            algorithm="EdDSA",
            headers={"kid": KEY_ID, "typ": f"{kind}+jwt"},
        )

    async def _start(self) -> None:
        public = self._key.public_key()
        keys = {(kind, KEY_ID): public for kind in TokenKind}
        verifier = TokenVerifier(StaticKeys(KeySet(ISSUER, keys)))
        vault, files, auth = (
            VaultStandIn(self.world, public),
            FilesStandIn(self.world),
            AuthStandIn(self.token, self.world),
        )
        served: dict[str, list[object]] = {
            "vault": [vault],
            "files": [files],
            "auth": [auth, EverySessionStands()],
        }
        self._servers = []
        for name, servicers in served.items():
            with PortBlock.reserve() as block:
                port = self.ports[name] = block.take()
            who = self._certificates.identity(name)
            settings = ServiceSettings(
                listen=f"127.0.0.1:{port}",
                health_listen="127.0.0.1:1",
                tls_cert_file=who.cert_file,
                tls_key_file=who.key_file,
                tls_ca_file=who.ca_file,
                database_url_file=who.ca_file,
            )
            open_to_all = (
                "GetVerificationKeys",
                "ReleaseApiKeys",
                "RevokeGrant",
                "Sign",
                "Mac",
                "SignWebhook",
                "GetSessionStates",
            )
            policy = {
                method: Allow(PROCESSOR)
                if method.endswith(open_to_all)
                else Allow(PROCESSOR, needs="proof", scope="read")
                for method in server.methods_of(
                    contract for each in servicers for contract, _ in server.contracts_of(each)
                )
            }
            self._servers.append(
                await server.start(
                    settings,
                    server.Parts(policy=policy, servicers=servicers, verifier=verifier),
                    Health([]),
                )
            )

    async def _stop(self) -> None:
        for each in self._servers:
            await each.stop(None)
