"""The stand-in provider's files and batches, as OpenAI has them."""

from typing import Any

import httpx2
import orjson
import pytest

from tests.support.provider import Provider, answer_for

KEY = {"Authorization": "Bearer sk-one"}


def upload(http: httpx2.Client, prompts: list[str], headers: dict[str, str] = KEY) -> str:
    lines = [
        orjson.dumps(
            {
                "custom_id": f"{number}-0",
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"model": "m", "messages": [{"role": "user", "content": prompt}]},
            }
        )
        for number, prompt in enumerate(prompts, 1)
    ]
    files = {"file": ("mine.jsonl", b"\n".join(lines), "application/jsonl")}
    answer = http.post("/files", headers=headers, data={"purpose": "batch"}, files=files)
    assert answer.status_code == 200
    id_: str = answer.json()["id"]
    return id_


def made(http: httpx2.Client, file: str) -> dict[str, Any]:
    body = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    answer = http.post("/batches", headers=KEY, json={**body, "metadata": {"mine": "yes"}})
    assert answer.status_code == 200
    batch: dict[str, Any] = answer.json()
    return batch


def told(http: httpx2.Client, batch: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, Any] = http.get(f"/batches/{batch['id']}", headers=KEY).json()
    return seen


def lines(http: httpx2.Client, file: str) -> list[dict[str, Any]]:
    content = http.get(f"/files/{file}/content", headers=KEY).content
    return [orjson.loads(line) for line in content.splitlines()]


def test_a_batch_is_answered_like_calls_and_recorded_as_such(http: httpx2.Client, provider: Provider) -> None:
    batch = made(http, upload(http, ["a", "b"]))
    assert (batch["status"], batch["metadata"]) == ("in_progress", {"mine": "yes"})
    seen = told(http, batch)
    assert (seen["status"], seen["error_file_id"]) == ("completed", None)
    answered = {
        line["custom_id"]: line["response"]["body"]["choices"][0]["message"]["content"]
        for line in lines(http, seen["output_file_id"])
    }
    assert answered == {"1-0": answer_for("a"), "2-0": answer_for("b")}
    assert provider.prompts() == ["a", "b"]


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_that_ends_early_says_what_it_did_not_come_to(
    http: httpx2.Client, provider: Provider, end: str
) -> None:
    provider.script(batch_end=end, batch_share=0.5)
    seen = told(http, made(http, upload(http, ["a", "b"])))
    assert seen["status"] == end
    assert [line["custom_id"] for line in lines(http, seen["output_file_id"])] == ["1-0"]
    (left,) = lines(http, seen["error_file_id"])
    assert (left["custom_id"], left["response"], left["error"]["code"]) == ("2-0", None, f"batch_{end}")


def test_a_batch_can_be_cancelled_until_it_is_over(http: httpx2.Client, provider: Provider) -> None:
    provider.script(batch_seconds=86_400)
    batch = made(http, upload(http, ["a"]))
    assert http.post(f"/batches/{batch['id']}/cancel", headers=KEY).json()["status"] == "cancelled"
    assert http.post(f"/batches/{batch['id']}/cancel", headers=KEY).status_code == 409
    assert provider.prompts() == []


def test_a_rule_hits_requests_of_a_batch_and_one_with_a_path_what_is_said_about_it(
    http: httpx2.Client, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 500, "contains": "b"},
        {"action": "status", "status": 503, "path": "/v1/batches/", "method": "GET", "at_most": 1},
    )
    batch = made(http, upload(http, ["a", "b"]))
    assert http.get(f"/batches/{batch['id']}", headers=KEY).status_code == 503
    (failed,) = lines(http, told(http, batch)["error_file_id"])
    assert (failed["custom_id"], failed["response"]["status_code"]) == ("2-0", 500)


def test_what_is_of_one_key_does_not_exist_for_another(http: httpx2.Client, provider: Provider) -> None:
    file = upload(http, ["a"])
    batch = made(http, file)
    other = {"Authorization": "Bearer sk-two"}
    assert http.get(f"/batches/{batch['id']}", headers=other).status_code == 404
    assert http.get(f"/files/{file}/content", headers=other).status_code == 404
    assert http.get("/batches", headers=other).json()["data"] == []
    assert http.get("/files", headers=other).json()["data"] == []


def test_an_endpoint_can_know_no_batches(http: httpx2.Client, provider: Provider) -> None:
    provider.script(batches=False)
    assert http.post("/files", headers=KEY).status_code == 404
    assert http.get("/batches", headers=KEY).status_code == 404
