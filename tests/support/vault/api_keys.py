"""ApiKeyDirectoryService of the stand-in."""

from smelt.vault.v1 import api_keys_pb2, api_keys_pb2_grpc

from services.common import identity
from services.common.rpc.servicing import Context
from tests.support.vault.known import ApiKey, KeyTest, Known
from tests.support.vault.refusals import Refused


class ApiKeyDirectory(api_keys_pb2_grpc.ApiKeyDirectoryServiceServicer):
    """Says which key a job would use, and hears what came of trying one."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def DescribeApiKey(
        self, request: api_keys_pb2.DescribeApiKeyRequest, context: Context
    ) -> api_keys_pb2.DescribeApiKeyResponse:
        key = self._found(identity.passport(context).account, request.name)
        return api_keys_pb2.DescribeApiKeyResponse(
            name=key.name,
            base_url=key.base_url,
            hint=key.secret[-4:],
            kind=key.kind,
            timeout_seconds=key.timeout_seconds,
        )

    async def RecordKeyTest(
        self, request: api_keys_pb2.RecordKeyTestRequest, context: Context
    ) -> api_keys_pb2.RecordKeyTestResponse:
        account = identity.passport(context).account
        self._found(account, request.name)
        result = api_keys_pb2.ApiKey.TestResult.Name(request.result)
        time = self._known.record(account, request.name, "test", result=result)
        self._known.key_tests.append(KeyTest(account, request.name, result, time))
        answer = api_keys_pb2.RecordKeyTestResponse()
        answer.test_time.FromDatetime(time)
        return answer

    def _found(self, account: str, name: str) -> ApiKey:
        key = self._known.api_key(account, name)
        if key is None:
            raise Refused("API_KEY_NOT_FOUND" if name else "NO_API_KEY")
        return key
