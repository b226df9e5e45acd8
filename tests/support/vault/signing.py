"""SigningService of the stand-in."""

import hmac
import time
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from smelt.vault.v1 import signing_pb2, signing_pb2_grpc

from services.common import identity
from services.common.errors import InvalidRequest
from services.common.ids import new_id
from services.common.rpc.servicing import Context
from tests.support.vault.known import Known
from tests.support.vault.refusals import Refused
from tests.support.vault.tokens import ISSUER

_DAY = 86400
_LONGEST_SECONDS = {
    "session": 30 * _DAY,
    "passport": 300,
    "export": _DAY,
    "erasure": _DAY,
    "job": 7 * _DAY,
    "template-test": 600,
    "key-test": 600,
    "webhook": 14 * _DAY,
}
#: Claims that are called otherwise in a token than in the contract.
_CLAIMS = {"account": "sub", "session": "sid"}


class Signing(signing_pb2_grpc.SigningServiceServicer):
    """Signs tokens and makes codes with the pepper."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def Sign(self, request: signing_pb2.SignRequest, context: Context) -> signing_pb2.SignResponse:
        kind = request.WhichOneof("claims")
        if kind is None:
            raise InvalidRequest(violations=[("claims", "must be set")])
        wanted = getattr(request, kind)
        said = {
            _CLAIMS.get(field.name, field.name): _plain(getattr(wanted, field.name))
            for field in wanted.DESCRIPTOR.fields
        }
        longest = _LONGEST_SECONDS[said["purpose"] if kind == "grant" else kind]
        expires = int(time.time()) + min(request.lifetime_seconds, longest)
        said |= {"exp": expires, "jti": new_id()}
        if kind == "passport" and not said["generation"]:
            del said["generation"]
        if kind == "grant" and not said["economy"]:
            del said["economy"]
        self._known.signed[kind] += 1
        token = self._known.tokens.token(kind, said)
        return signing_pb2.SignResponse(
            token=token,
            token_id=said["jti"],
            expire_time=Timestamp(seconds=expires),
            sealed_token=self._known.grants.seal(token) if kind == "grant" else b"",
        )

    async def Mac(self, request: signing_pb2.MacRequest, context: Context) -> signing_pb2.MacResponse:
        pepper_id = request.pepper_id or self._known.pepper_id
        pepper = self._known.peppers.get(pepper_id)
        if pepper is None:
            raise Refused("PEPPER_NOT_FOUND")
        return signing_pb2.MacResponse(
            mac=hmac.digest(pepper, request.digest, "sha384"),
            pepper_id=pepper_id,
            current_pepper_id=self._known.pepper_id,
        )

    async def GetVerificationKeys(
        self, request: signing_pb2.GetVerificationKeysRequest, context: Context
    ) -> signing_pb2.GetVerificationKeysResponse:
        answer = signing_pb2.GetVerificationKeysResponse(issuer=ISSUER)
        for (kind, id_), key in self._known.tokens.public.items():
            answer.keys.add(
                kind=signing_pb2.TokenKind.Value(kind.name), key_id=id_, public_key=key.public_bytes_raw()
            )
        return answer

    async def GetPageKey(
        self, request: signing_pb2.GetPageKeyRequest, context: Context
    ) -> signing_pb2.GetPageKeyResponse:
        caller = identity.current_call().caller.encode()
        return signing_pb2.GetPageKeyResponse(key=hmac.digest(b"pages", caller, "sha256"))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else list(value)
