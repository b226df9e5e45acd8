"""A small vault over mTLS: data keys bound to their objects, verification keys, tokens it would sign."""

import secrets
import time
from typing import Any

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from smelt.auth.v1 import session_states_pb2_grpc
from smelt.vault.v1 import data_keys_pb2, data_keys_pb2_grpc, signing_pb2, signing_pb2_grpc

from deploy.local.certificates import Identity
from services.common.errors import DomainError, Kind
from services.common.ids import new_id
from services.common.rpc.errors import status_of
from tests.support.sessions import EverySessionStands

ISSUER = "installation-of-the-tests"
Context = grpc.aio.ServicerContext[Any, Any]
_KEYS = {"passport": Ed25519PrivateKey.generate(), "grant": Ed25519PrivateKey.generate()}


class DataKeyInvalid(DomainError):
    """The wrapped key was made for something else."""

    reason = "DATA_KEY_INVALID"
    kind = Kind.INVALID


def passport(account: str, *, life: int = 300) -> str:
    """Return a passport of an account."""
    return _token("passport", account, life, sid=new_id(), scopes=["read", "write"])


def grant(account: str, *, life: int = 300, **claims: Any) -> str:
    """Return a grant; claims that are not named are empty."""
    empty = {"job": "", "file": "", "parse": 1, "api_key": "", "first_row": 1, "last_row": 1}
    return _token(
        "grant", account, life, purpose="job", template_count=1, release_budget=1, **(empty | claims)
    )


def _token(kind: str, account: str, life: int, **claims: Any) -> str:
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "aud": f"smelt/{kind}",
        "sub": account,
        "iat": now,
        "exp": now + life,
        "jti": new_id(),
    }
    return jwt.encode(said | claims, _KEYS[kind], "EdDSA", {"typ": f"{kind}+jwt", "kid": f"{kind}-1"})


class VaultStandIn(data_keys_pb2_grpc.DataKeyServiceServicer, signing_pb2_grpc.SigningServiceServicer):
    """Remembers what each wrapped key was made for, and opens it for nothing else."""

    def __init__(self) -> None:
        self._made: dict[bytes, tuple[tuple[Any, ...], bytes]] = {}
        self.opened = 0

    async def CreateDataKey(
        self, request: data_keys_pb2.CreateDataKeyRequest, context: Context
    ) -> data_keys_pb2.CreateDataKeyResponse:
        wrapped, key = b"wrapped" + secrets.token_bytes(50), secrets.token_bytes(32)
        self._made[wrapped] = (_bound(request.context, context), key)
        return data_keys_pb2.CreateDataKeyResponse(key=key, wrapped_key=wrapped)

    async def OpenDataKey(
        self, request: data_keys_pb2.OpenDataKeyRequest, context: Context
    ) -> data_keys_pb2.OpenDataKeyResponse:
        self.opened += 1
        bound, key = self._made.get(request.wrapped_key, ((), b""))
        if bound != _bound(request.context, context):
            status = status_of(DataKeyInvalid())
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, status.message)
        return data_keys_pb2.OpenDataKeyResponse(key=key)

    async def GetVerificationKeys(
        self, request: signing_pb2.GetVerificationKeysRequest, context: Context
    ) -> signing_pb2.GetVerificationKeysResponse:
        kinds = {"passport": signing_pb2.PASSPORT, "grant": signing_pb2.GRANT}
        return signing_pb2.GetVerificationKeysResponse(
            issuer=ISSUER,
            keys=[
                signing_pb2.VerificationKey(
                    kind=kinds[kind], key_id=f"{kind}-1", public_key=key.public_key().public_bytes_raw()
                )
                for kind, key in _KEYS.items()
            ],
        )


def _bound(wanted: data_keys_pb2.DataKeyContext, context: Context) -> tuple[Any, ...]:
    entries = dict(context.invocation_metadata() or ())
    token, kind = entries.get("x-smelt-grant"), "grant"
    if token is None:
        token, kind = entries["x-smelt-passport"], "passport"
    claims = jwt.decode(token, _KEYS[kind].public_key(), ["EdDSA"], audience=f"smelt/{kind}", issuer=ISSUER)
    if kind == "grant":
        assert wanted.object in (claims["file"], claims["job"])
    return claims["sub"], wanted.purpose, wanted.object, wanted.generation


async def serve(stand_in: VaultStandIn, shown: Identity) -> tuple[grpc.aio.Server, int]:
    """Start the stand-in on a free port; it takes callers of our authority alone."""
    server = grpc.aio.server()
    data_keys_pb2_grpc.add_DataKeyServiceServicer_to_server(stand_in, server)
    signing_pb2_grpc.add_SigningServiceServicer_to_server(stand_in, server)
    return server, await _started(server, shown)


async def serve_auth(shown: Identity) -> tuple[grpc.aio.Server, int]:
    """Start an auth, as far as files asks it, in whose eyes nobody signs out."""
    server = grpc.aio.server()
    session_states_pb2_grpc.add_SessionStateServiceServicer_to_server(EverySessionStands(), server)
    return server, await _started(server, shown)


async def _started(server: grpc.aio.Server, shown: Identity) -> int:
    credentials = grpc.ssl_server_credentials(
        [(shown.key_file.read_bytes(), shown.cert_file.read_bytes())],
        shown.ca_file.read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    return port
