"""What a provider's answer to a test says about the API key, as a table of answers."""

from datetime import UTC, datetime

import pytest

from services.processor.provider.answer import Answer, Unusable, read_completion
from services.processor.provider.dialect.refusals import judge
from services.processor.provider.failures import KEY_UNSENDABLE, TIMED_OUT, TOO_LARGE, UNREACHABLE
from services.processor.trials.model_calls import finding

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FINISHED = b'{"choices": [{"message": {"content": "Hi"}, "finish_reason": "%s"}]}'
OPENAI_NO_MODEL = b'{"error": {"message": "m", "type": "invalid_request_error", "code": "model_not_found"}}'


def refused(status: int, body: bytes = b"") -> Unusable:
    return Unusable(judge(status, body, {}, NOW))


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (Answer(("Hi",)), "VALID"),
        (read_completion(FINISHED % b"stop"), "VALID"),
        (read_completion(FINISHED % b"length"), "VALID"),
        (read_completion(FINISHED % b"content_filter"), "VALID"),
        (refused(401), "INVALID"),
        (refused(401, b'{"error": {"code": "invalid_api_key"}}'), "INVALID"),
        (refused(403, b"<html>not for you</html>"), "INVALID"),
        (Unusable(KEY_UNSENDABLE), "INVALID"),
        (refused(402), "NO_CREDITS"),
        (refused(429, b'{"error": {"code": "insufficient_quota"}}'), "NO_CREDITS"),
        (refused(429, b'{"error": {"type": "insufficient_quota", "code": null}}'), "NO_CREDITS"),
        (refused(429, b'{"error": {"code": "rate_limit_exceeded"}}'), "VALID"),
        # The provider accepted the key first, and its error says what else is wrong.
        (refused(404, OPENAI_NO_MODEL), "VALID"),
        (refused(404, b'{"error": {"message": "m", "type": "NotFoundError", "code": 404}}'), "VALID"),
        (refused(400, b'{"error": {"message": "use max_completion_tokens"}}'), "VALID"),
        # A web server without such an endpoint, or a redirect.
        (refused(404, b"<html>not found</html>"), "UNREACHABLE"),
        (refused(404, b'{"detail": "Not Found"}'), "UNREACHABLE"),
        (refused(405), "UNREACHABLE"),
        (refused(302), "UNREACHABLE"),
        (refused(500), "UNREACHABLE"),
        (refused(503, b'{"error": {"code": "overloaded"}}'), "UNREACHABLE"),
        (read_completion(b"<html>welcome</html>"), "UNREACHABLE"),
        (read_completion(b"{}"), "UNREACHABLE"),
        (Unusable(TIMED_OUT), "UNREACHABLE"),
        (Unusable(TOO_LARGE), "UNREACHABLE"),
        (Unusable(UNREACHABLE), "UNREACHABLE"),
    ],
)
def test_an_answer_says_one_of_four_things_of_a_key(said: Answer | Unusable, result: str) -> None:
    found = finding(said)
    assert found.result.value == result
    assert found.message
