"""ApiKeyService for people, and ApiKeyDirectoryService for the processor."""

from functools import partial

from smelt.vault.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
)

from services.common import identity, paging
from services.common.key_kinds import KeyKind
from services.common.rpc.servicing import CREATED, Context
from services.vault.api_keys.api_keys import ApiKey, ApiKeys, TestResult
from services.vault.audit.reading import KeyUse, ReadsAudit
from services.vault.crypto.secret import Secret


class ApiKeyServicer(api_keys_pb2_grpc.ApiKeyServiceServicer):
    """Provider keys of people."""

    def __init__(self, keys: ApiKeys, reader: ReadsAudit) -> None:
        self._keys = keys
        self._reader = reader

    async def CreateApiKey(
        self, request: api_keys_pb2.CreateApiKeyRequest, context: Context
    ) -> api_keys_pb2.ApiKey:
        with Secret(bytearray(request.secret.encode())) as secret:
            key = await self._keys.create(
                identity.passport(context),
                secret,
                label=request.label,
                url=request.base_url,
                idempotency_key=identity.current_call().idempotency_key,
                kind=kind_of(request.kind),
                timeout_seconds=request.timeout_seconds,
            )
        await context.send_initial_metadata(CREATED)
        return _to_proto(key)

    async def ListApiKeys(
        self, request: api_keys_pb2.ListApiKeysRequest, context: Context
    ) -> api_keys_pb2.ListApiKeysResponse:
        account = identity.passport(context).account
        page, token = await paging.page(request, partial(self._keys.page, account), show=_to_proto)
        return api_keys_pb2.ListApiKeysResponse(api_keys=page, next_page_token=token)

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
        return _to_proto(await self._keys.activate(identity.passport(context), request.name))

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
            # The key was never used, or the account has no such key, which is refused.
            await self._keys.get(account, request.parent)
        return api_keys_pb2.ListApiKeyUsesResponse(
            uses=[_use_to_proto(use) for use in uses],
            next_page_token=following.token() if following else "",
        )


class ApiKeyDirectoryServicer(api_keys_pb2_grpc.ApiKeyDirectoryServiceServicer):
    """Tells the processor which key a job would use, and records the results of key tests."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def DescribeApiKey(
        self, request: api_keys_pb2.DescribeApiKeyRequest, context: Context
    ) -> api_keys_pb2.DescribeApiKeyResponse:
        key = await self._keys.describe(identity.passport(context).account, request.name)
        return api_keys_pb2.DescribeApiKeyResponse(
            name=key.name,
            base_url=key.base_url,
            hint=key.hint,
            kind=key.kind.value,
            timeout_seconds=key.timeout_seconds,
        )

    async def RecordKeyTest(
        self, request: api_keys_pb2.RecordKeyTestRequest, context: Context
    ) -> api_keys_pb2.RecordKeyTestResponse:
        result = TestResult(api_keys_pb2.ApiKey.TestResult.Name(request.result))
        noted = await self._keys.record_test(identity.passport(context).account, request.name, result)
        answer = api_keys_pb2.RecordKeyTestResponse()
        answer.test_time.FromDatetime(noted)
        return answer


def kind_of(kind: int) -> KeyKind:
    """Return the kind of a request; one that says none means OpenAI's."""
    return KeyKind(api_keys_pb2.ApiKey.Kind.Name(kind)) if kind else KeyKind.OPENAI


def _to_proto(key: ApiKey) -> api_keys_pb2.ApiKey:
    proto = api_keys_pb2.ApiKey(
        name=key.name,
        label=key.label,
        hint=key.hint,
        base_url=key.base_url,
        active=key.active,
        kind=key.kind.value,
        timeout_seconds=key.timeout_seconds,
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
