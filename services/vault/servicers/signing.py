"""SigningService: signatures of tokens, and codes with the password pepper."""

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from smelt.vault.v1 import (
    signing_pb2,
    signing_pb2_grpc,
)

from services.common import identity
from services.common.clock import Now
from services.common.errors import InvalidRequest
from services.common.ids import new_id
from services.common.rpc.servicing import Context
from services.common.tokens import Kind
from services.vault.keys.grant_seal import GrantSeal
from services.vault.keys.system_keys import Macs
from services.vault.signing import (
    Claims,
    ErasureClaims,
    ExportClaims,
    GrantClaims,
    PassportClaims,
    SessionClaims,
    TokenSigner,
)

_KINDS = {
    Kind.SESSION: signing_pb2.SESSION,
    Kind.PASSPORT: signing_pb2.PASSPORT,
    Kind.GRANT: signing_pb2.GRANT,
    Kind.EXPORT: signing_pb2.EXPORT,
    Kind.ERASURE: signing_pb2.ERASURE,
}


class SigningServicer(signing_pb2_grpc.SigningServiceServicer):
    """Signatures and codes made with keys that never leave the vault."""

    def __init__(self, signer: TokenSigner, macs: Macs, grants: GrantSeal, now: Now) -> None:
        self._signer = signer
        self._macs = macs
        self._grants = grants
        self._now = now

    async def Sign(self, request: signing_pb2.SignRequest, context: Context) -> signing_pb2.SignResponse:
        claims = _claims(request)
        signed = self._signer.sign(
            claims,
            timedelta(seconds=request.lifetime_seconds),
            now=self._now(),
            token_id=new_id(),
        )
        answer = signing_pb2.SignResponse(token=signed.token, token_id=signed.id)
        answer.expire_time.FromDatetime(signed.expires)
        if isinstance(claims, GrantClaims):
            answer.sealed_token = self._grants.seal(signed.token)
        return answer

    async def Mac(self, request: signing_pb2.MacRequest, context: Context) -> signing_pb2.MacResponse:
        mac, pepper_id = self._macs.pepper(request.digest, request.pepper_id)
        return signing_pb2.MacResponse(
            mac=mac, pepper_id=pepper_id, current_pepper_id=self._macs.current_pepper_id
        )

    async def GetVerificationKeys(
        self, request: signing_pb2.GetVerificationKeysRequest, context: Context
    ) -> signing_pb2.GetVerificationKeysResponse:
        keys = self._signer.verification_keys()
        return signing_pb2.GetVerificationKeysResponse(
            issuer=keys.issuer,
            keys=[_verification_key(kind, id_, key) for (kind, id_), key in keys.keys.items()],
        )

    async def GetPageKey(
        self, request: signing_pb2.GetPageKeyRequest, context: Context
    ) -> signing_pb2.GetPageKeyResponse:
        return signing_pb2.GetPageKeyResponse(key=self._macs.page_key(identity.current_call().caller))


def _verification_key(kind: Kind, id: str, key: Ed25519PublicKey) -> signing_pb2.VerificationKey:
    return signing_pb2.VerificationKey(kind=_KINDS[kind], key_id=id, public_key=key.public_bytes_raw())


def _claims(request: signing_pb2.SignRequest) -> Claims:
    match request.WhichOneof("claims"):
        case "session":
            return SessionClaims(request.session.account, request.session.session)
        case "passport":
            wanted = request.passport
            return PassportClaims(wanted.account, wanted.session, tuple(wanted.scopes), wanted.generation)
        case "grant":
            grant = request.grant
            return GrantClaims(
                purpose=grant.purpose,
                account=grant.account,
                job=grant.job,
                file=grant.file,
                parse=grant.parse,
                api_key=grant.api_key,
                first_row=grant.first_row,
                last_row=grant.last_row,
                template_count=grant.template_count,
                release_budget=grant.release_budget,
                economy=grant.economy,
            )
        case "export":
            return ExportClaims(request.export.account, request.export.export)
        case "erasure":
            return ErasureClaims(request.erasure.account)
    raise InvalidRequest(violations=[("claims", "must be set")])
