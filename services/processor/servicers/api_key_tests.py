"""ApiKeyTestService on the wire."""

from smelt.processor.v1 import api_key_tests_pb2, api_key_tests_pb2_grpc

from services.common import identity
from services.common.rpc.servicing import Context
from services.processor.trials.api_keys import KeyTests


class ApiKeyTestServicer(api_key_tests_pb2_grpc.ApiKeyTestServiceServicer):
    """Tests people's API keys."""

    def __init__(self, tests: KeyTests) -> None:
        self._tests = tests

    async def TestApiKey(
        self, request: api_key_tests_pb2.TestApiKeyRequest, context: Context
    ) -> api_key_tests_pb2.TestApiKeyResponse:
        test = await self._tests.test(identity.passport(context), request.name, request.model)
        answer = api_key_tests_pb2.TestApiKeyResponse(
            name=test.name,
            result=test.finding.result.value,
            message=test.finding.message,
            provider_message=test.finding.said,
            models=[
                api_key_tests_pb2.TestApiKeyResponse.ModelTest(
                    model=each.model,
                    works=each.works,
                    message=each.finding.message,
                    provider_message=each.finding.said,
                    refused_parameters=each.refused,
                )
                for each in test.models
            ],
            models_left_out=test.left_out,
        )
        answer.test_time.FromDatetime(test.time)
        return answer
