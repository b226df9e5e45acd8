"""Vault, files and auth as the processor meets them: over real mTLS, in a thread of their own."""

import asyncio
import secrets
import threading
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from smelt.auth.v1 import grants_pb2_grpc, session_states_pb2_grpc
from smelt.files.v1 import files_pb2_grpc, results_pb2_grpc, rows_pb2_grpc
from smelt.vault.v1 import (
    api_keys_pb2_grpc,
    data_keys_pb2_grpc,
    release_pb2_grpc,
    signing_pb2_grpc,
    webhooks_pb2_grpc,
)

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
    """Runs the three services; `passport` gives somebody's passport."""

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
        """Return a token for a person who is here."""
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
        served: dict[str, list[server.Registration]] = {
            "vault": [
                (api_keys_pb2_grpc.add_ApiKeyDirectoryServiceServicer_to_server, vault),
                (data_keys_pb2_grpc.add_DataKeyServiceServicer_to_server, vault),
                (release_pb2_grpc.add_KeyReleaseServiceServicer_to_server, vault),
                (signing_pb2_grpc.add_SigningServiceServicer_to_server, vault),
                (webhooks_pb2_grpc.add_WebhookSecretServiceServicer_to_server, vault),
            ],
            "files": [
                (files_pb2_grpc.add_FileServiceServicer_to_server, files),
                (rows_pb2_grpc.add_RowServiceServicer_to_server, files),
                (results_pb2_grpc.add_ResultServiceServicer_to_server, files),
            ],
            "auth": [
                (grants_pb2_grpc.add_GrantServiceServicer_to_server, auth),
                (session_states_pb2_grpc.add_SessionStateServiceServicer_to_server, EverySessionStands()),
            ],
        }
        self._servers = []
        for name, registrations in served.items():
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
                for method in server.methods_of(server.served_names(registrations))
            }
            self._servers.append(
                await server.start(
                    settings, policy, servicers=registrations, verifier=verifier, health=Health([])
                )
            )

    async def _stop(self) -> None:
        for each in self._servers:
            await each.stop(None)
