"""A small vault for auth's tests: the real SigningService contract over mTLS, with keys made on the spot."""

import hmac
import time
import uuid
from collections import Counter
from typing import Any

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from smelt.vault.v1 import signing_pb2, signing_pb2_grpc

from services.common.rpc import tls
from services.common.settings import PeerSettings

ISSUER = "installation-of-the-tests"
KINDS = {"session": signing_pb2.SESSION, "passport": signing_pb2.PASSPORT, "grant": signing_pb2.GRANT}
LONGEST = {"session": 30 * 86400, "passport": 300, "grant": 7 * 86400}
NAMES = {"account": "sub", "session": "sid"}


class VaultStandIn(signing_pb2_grpc.SigningServiceServicer):
    """Signs and makes codes, and counts what it was asked."""

    def __init__(self) -> None:
        self.keys = {kind: Ed25519PrivateKey.generate() for kind in KINDS}
        self.asked: Counter[str] = Counter()
        self.current_pepper_id = "p1"
        self._server: grpc.aio.Server | None = None

    def token(
        self,
        kind: str,
        claims: dict[str, Any],
        *,
        headers: dict[str, Any] | None = None,
        key: Any = None,
        algorithm: str = "EdDSA",
    ) -> str:
        """Return a token of this kind, right in everything that the arguments do not change."""
        now = int(time.time())
        all_claims = {
            "iss": ISSUER,
            "aud": f"smelt/{kind}",
            "iat": now,
            "exp": now + 3600,
            "jti": uuid.uuid4().hex,
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in all_claims.items() if value is not None},
            self.keys[kind] if key is None else key,
            algorithm=algorithm,
            headers={"typ": f"{kind}+jwt", "kid": f"{kind}-1", **(headers or {})},
        )

    async def Sign(self, request: signing_pb2.SignRequest, context: Any) -> signing_pb2.SignResponse:
        kind = request.WhichOneof("claims")
        assert kind is not None
        self.asked[kind] += 1
        message: Message = getattr(request, kind)
        claims = {NAMES.get(field.name, field.name): _plain(value) for field, value in _all_fields(message)}
        expires = int(time.time()) + min(request.lifetime_seconds, LONGEST[kind])
        claims |= {"exp": expires, "jti": uuid.uuid4().hex}
        return signing_pb2.SignResponse(
            token=self.token(kind, claims),
            token_id=claims["jti"],
            expire_time=Timestamp(seconds=expires),
        )

    async def Mac(self, request: signing_pb2.MacRequest, context: Any) -> signing_pb2.MacResponse:
        self.asked["mac"] += 1
        pepper_id = request.pepper_id or self.current_pepper_id
        return signing_pb2.MacResponse(
            mac=hmac.digest(pepper_id.encode(), request.digest, "sha384"),
            pepper_id=pepper_id,
            current_pepper_id=self.current_pepper_id,
        )

    async def GetVerificationKeys(
        self, request: signing_pb2.GetVerificationKeysRequest, context: Any
    ) -> signing_pb2.GetVerificationKeysResponse:
        return signing_pb2.GetVerificationKeysResponse(
            issuer=ISSUER,
            keys=[
                signing_pb2.VerificationKey(
                    kind=wire, key_id=f"{kind}-1", public_key=self.keys[kind].public_key().public_bytes_raw()
                )
                for kind, wire in KINDS.items()
            ],
        )

    async def start(self, settings: PeerSettings, address: str) -> None:
        """Serve on this address until stopped; it can be started again."""
        self._server = grpc.aio.server(options=tls.server_options())
        signing_pb2_grpc.add_SigningServiceServicer_to_server(self, self._server)
        assert self._server.add_secure_port(address, tls.server_credentials(settings))
        await self._server.start()

    async def stop(self) -> None:
        """Be gone."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None


def _all_fields(message: Message) -> list[tuple[Any, Any]]:
    return [(field, getattr(message, field.name)) for field in message.DESCRIPTOR.fields]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else list(value)
