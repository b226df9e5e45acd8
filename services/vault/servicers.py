"""ApiKeyService, ApiKeyDirectoryService, DataKeyService and SigningService on the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from smelt.vault.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
    data_keys_pb2,
    data_keys_pb2_grpc,
    signing_pb2,
    signing_pb2_grpc,
)

from services.common import identity, paging
from services.common.errors import InvalidRequest
from services.common.ids import new_id
from services.common.servicing import CREATED, Context
from services.common.tokens import Kind
from services.vault import key_wrap
from services.vault.account_rotation import Epoch
from services.vault.api_keys import ApiKey, ApiKeys, TestResult
from services.vault.audit_reader import AuditReader, KeyUse
from services.vault.data_keys import DataKeyContext, DataKeys, Purpose
from services.vault.secret import Secret
from services.vault.signing import (
    Claims,
    ErasureClaims,
    ExportClaims,
    GrantClaims,
    PassportClaims,
    SessionClaims,
    TokenSigner,
)
from services.vault.system_keys import Macs

_MOST_ACCOUNTS = 100
_PURPOSES = {
    data_keys_pb2.DataKeyContext.FILE: Purpose.FILE,
    data_keys_pb2.DataKeyContext.JOB: Purpose.JOB,
    data_keys_pb2.DataKeyContext.RESULT: Purpose.RESULT,
    data_keys_pb2.DataKeyContext.EXPORT: Purpose.EXPORT,
    data_keys_pb2.DataKeyContext.WEBHOOK: Purpose.WEBHOOK,
}
_KINDS = {
    Kind.SESSION: signing_pb2.SESSION,
    Kind.PASSPORT: signing_pb2.PASSPORT,
    Kind.GRANT: signing_pb2.GRANT,
    Kind.EXPORT: signing_pb2.EXPORT,
    Kind.ERASURE: signing_pb2.ERASURE,
}


class Retiring(Protocol):
    """Accounts with retired keys; raises Unavailable."""

    async def leaving(self, owner: str, *, after: str, most: int) -> Sequence[Epoch]: ...

    async def confirm(self, owner: str, epoch: Epoch) -> None: ...


class ApiKeyServicer(api_keys_pb2_grpc.ApiKeyServiceServicer):
    """Provider keys of people."""

    def __init__(self, keys: ApiKeys, reader: AuditReader) -> None:
        self._keys = keys
        self._reader = reader

    async def CreateApiKey(
        self, request: api_keys_pb2.CreateApiKeyRequest, context: Context
    ) -> api_keys_pb2.ApiKey:
        with Secret(bytearray(request.secret.encode())) as secret:
            key = await self._keys.create(
                identity.passport(context).account,
                secret,
                label=request.label,
                url=request.base_url,
                idempotency_key=identity.current_call().idempotency_key,
            )
        await context.send_initial_metadata(CREATED)
        return _to_proto(key)

    async def ListApiKeys(
        self, request: api_keys_pb2.ListApiKeysRequest, context: Context
    ) -> api_keys_pb2.ListApiKeysResponse:
        account = identity.passport(context).account
        page, token = await paging.page(request, partial(self._keys.page, account))
        return api_keys_pb2.ListApiKeysResponse(api_keys=map(_to_proto, page), next_page_token=token)

    async def GetApiKey(
        self, request: api_keys_pb2.GetApiKeyRequest, context: Context
    ) -> api_keys_pb2.ApiKey:
        return _to_proto(await self._keys.get(identity.passport(context).account, request.name))

    async def DeleteApiKey(
        self, request: api_keys_pb2.DeleteApiKeyRequest, context: Context
    ) -> api_keys_pb2.DeleteApiKeyResponse:
        await self._keys.delete(identity.passport(context).account, request.name)
        return api_keys_pb2.DeleteApiKeyResponse()

    async def ActivateApiKey(
        self, request: api_keys_pb2.ActivateApiKeyRequest, context: Context
    ) -> api_keys_pb2.ApiKey:
        return _to_proto(await self._keys.activate(identity.passport(context).account, request.name))

    async def ListApiKeyUses(
        self, request: api_keys_pb2.ListApiKeyUsesRequest, context: Context
    ) -> api_keys_pb2.ListApiKeyUsesResponse:
        account = identity.passport(context).account
        uses, following = await self._reader.uses(
            account,
            request.parent,
            after=paging.position(request.page_token),
            size=paging.size(request.page_size),
        )
        if not uses:
            # A key that was never used, or another account's, of which there are no uses here.
            await self._keys.get(account, request.parent)
        return api_keys_pb2.ListApiKeyUsesResponse(
            uses=[_use_to_proto(use) for use in uses],
            next_page_token=following.token() if following else "",
        )


class ApiKeyDirectoryServicer(api_keys_pb2_grpc.ApiKeyDirectoryServiceServicer):
    """Tells the processor which key a job would use, and hears what came of trying one."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def DescribeApiKey(
        self, request: api_keys_pb2.DescribeApiKeyRequest, context: Context
    ) -> api_keys_pb2.DescribeApiKeyResponse:
        key = await self._keys.describe(identity.passport(context).account, request.name)
        return api_keys_pb2.DescribeApiKeyResponse(name=key.name, base_url=key.base_url, hint=key.hint)

    async def RecordKeyTest(
        self, request: api_keys_pb2.RecordKeyTestRequest, context: Context
    ) -> api_keys_pb2.RecordKeyTestResponse:
        result = TestResult(api_keys_pb2.ApiKey.TestResult.Name(request.result))
        noted = await self._keys.record_test(identity.passport(context).account, request.name, result)
        answer = api_keys_pb2.RecordKeyTestResponse()
        answer.test_time.FromDatetime(noted)
        return answer


class DataKeyServicer(data_keys_pb2_grpc.DataKeyServiceServicer):
    """Keys for data that other services hold."""

    def __init__(self, keys: DataKeys, retiring: Retiring) -> None:
        self._keys = keys
        self._retiring = retiring

    async def CreateDataKey(
        self, request: data_keys_pb2.CreateDataKeyRequest, context: Context
    ) -> data_keys_pb2.CreateDataKeyResponse:
        key, wrapped = await self._keys.create(
            identity.key_proof(), _data_key_context(request.context), caller=identity.current_call().caller
        )
        with key:
            return data_keys_pb2.CreateDataKeyResponse(key=bytes(key.reveal()), wrapped_key=wrapped)

    async def OpenDataKey(
        self, request: data_keys_pb2.OpenDataKeyRequest, context: Context
    ) -> data_keys_pb2.OpenDataKeyResponse:
        key = await self._keys.open(
            identity.key_proof(),
            _data_key_context(request.context),
            request.wrapped_key,
            caller=identity.current_call().caller,
        )
        with key:
            return data_keys_pb2.OpenDataKeyResponse(key=bytes(key.reveal()))

    async def ListRetiringAccounts(
        self, request: data_keys_pb2.ListRetiringAccountsRequest, context: Context
    ) -> data_keys_pb2.ListRetiringAccountsResponse:
        owner = identity.current_call().caller
        found = await self._retiring.leaving(owner, after=request.after, most=_MOST_ACCOUNTS)
        return data_keys_pb2.ListRetiringAccountsResponse(
            accounts=[
                data_keys_pb2.RetiringAccount(
                    account=each.account, epoch=each.number, prefix=key_wrap.prefix(each.number)
                )
                for each in found
            ]
        )

    async def RewrapDataKeys(
        self, request: data_keys_pb2.RewrapDataKeysRequest, context: Context
    ) -> data_keys_pb2.RewrapDataKeysResponse:
        keys = [(_data_key_context(each.context), each.wrapped_key) for each in request.keys]
        anew = await self._keys.rewrap(request.account, keys, caller=identity.current_call().caller)
        return data_keys_pb2.RewrapDataKeysResponse(wrapped_keys=anew)

    async def ConfirmRewrapped(
        self, request: data_keys_pb2.ConfirmRewrappedRequest, context: Context
    ) -> data_keys_pb2.ConfirmRewrappedResponse:
        epoch = Epoch(request.account, request.epoch)
        await self._retiring.confirm(identity.current_call().caller, epoch)
        return data_keys_pb2.ConfirmRewrappedResponse()


class SigningServicer(signing_pb2_grpc.SigningServiceServicer):
    """Signatures and codes made with keys that never leave the vault."""

    def __init__(self, signer: TokenSigner, macs: Macs) -> None:
        self._signer = signer
        self._macs = macs

    async def Sign(self, request: signing_pb2.SignRequest, context: Context) -> signing_pb2.SignResponse:
        signed = self._signer.sign(
            _claims(request),
            timedelta(seconds=request.lifetime_seconds),
            now=datetime.now(UTC),
            token_id=new_id(),
        )
        answer = signing_pb2.SignResponse(token=signed.token, token_id=signed.id)
        answer.expire_time.FromDatetime(signed.expires)
        return answer

    async def Mac(self, request: signing_pb2.MacRequest, context: Context) -> signing_pb2.MacResponse:
        mac, pepper_id = self._macs.pepper(request.digest, request.pepper_id)
        return signing_pb2.MacResponse(mac=mac, pepper_id=pepper_id)

    async def GetVerificationKeys(
        self, request: signing_pb2.GetVerificationKeysRequest, context: Context
    ) -> signing_pb2.GetVerificationKeysResponse:
        keys = self._signer.verification_keys()
        return signing_pb2.GetVerificationKeysResponse(
            issuer=keys.issuer,
            keys=[_verification_key(kind, id_, key) for (kind, id_), key in keys.keys.items()],
        )


def _verification_key(kind: Kind, id: str, key: Ed25519PublicKey) -> signing_pb2.VerificationKey:
    return signing_pb2.VerificationKey(kind=_KINDS[kind], key_id=id, public_key=key.public_bytes_raw())


def _claims(request: signing_pb2.SignRequest) -> Claims:
    match request.WhichOneof("claims"):
        case "session":
            return SessionClaims(request.session.account, request.session.session)
        case "passport":
            wanted = request.passport
            return PassportClaims(wanted.account, wanted.session, tuple(wanted.scopes))
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
            )
        case "export":
            return ExportClaims(request.export.account, request.export.export)
        case "erasure":
            return ErasureClaims(request.erasure.account)
    raise InvalidRequest(violations=[("claims", "must be set")])


def _data_key_context(context: data_keys_pb2.DataKeyContext) -> DataKeyContext:
    return DataKeyContext(_PURPOSES[context.purpose], context.object, context.generation)


def _to_proto(key: ApiKey) -> api_keys_pb2.ApiKey:
    proto = api_keys_pb2.ApiKey(
        name=key.name,
        label=key.label,
        hint=key.hint,
        base_url=key.base_url,
        active=key.active,
        last_test_result=key.last_test_result and key.last_test_result.value,
    )
    proto.create_time.FromDatetime(key.create_time)
    if key.last_used_time is not None:
        proto.last_used_time.FromDatetime(key.last_used_time)
    if key.last_tested_time is not None:
        proto.last_tested_time.FromDatetime(key.last_tested_time)
    return proto


def _use_to_proto(use: KeyUse) -> api_keys_pb2.ApiKeyUse:
    outcome = api_keys_pb2.ApiKeyUse.RELEASED if use.outcome == "released" else api_keys_pb2.ApiKeyUse.REFUSED
    proto = api_keys_pb2.ApiKeyUse(job=use.job, outcome=outcome, reason=use.reason, count=use.count)
    proto.start_time.FromDatetime(use.start_time)
    proto.end_time.FromDatetime(use.end_time)
    return proto
