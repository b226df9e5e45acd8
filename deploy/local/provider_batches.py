"""The stand-in provider's batches: uploaded files, batches of them, and a quick way through their stages.

A batch is in progress for `batch_seconds` of the script, and then ends as `batch_end` says. Its requests are
answered at that moment, as calls would be, so the script's rules apply to each of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from deploy.local import provider_answers as answers
from deploy.local.provider_http import Reply, Request
from deploy.local.provider_rules import Script

#: Answers one request of a batch as a call: its body and the key that made the batch in, status and body out.
Answers = Callable[[dict[str, Any], str], tuple[int, bytes]]
_LIST = 100
_OVER = ("completed", "expired", "cancelled", "failed")


@dataclass(slots=True)
class _File:
    id: str
    key: str
    name: str
    purpose: str
    content: bytes


@dataclass(slots=True)
class _Batch:
    id: str
    key: str
    input: str
    metadata: Any
    due: float
    requests: list[dict[str, Any]]
    status: str = "in_progress"
    output: str | None = None
    errors: str | None = None
    told: list[dict[str, Any]] = field(default_factory=list)


class StandInBatches:
    """Files and batches of all keys; those of one key do not exist for another."""

    def __init__(self, answer: Answers) -> None:
        self._answer = answer
        self._files: dict[str, _File] = {}
        self._batches: dict[str, _Batch] = {}
        self._count = 0

    def advance(self, script: Script) -> None:
        """End the batches whose time has come."""
        for batch in self._batches.values():
            if batch.status == "in_progress" and time.monotonic() >= batch.due:
                self._end(batch, script)

    def reply(self, request: Request, script: Script) -> Reply | None:
        """Answer a request about files or batches; None if it is about neither."""
        parts = request.path.removeprefix("/v1/").split("/")
        if parts[0] not in ("files", "batches") or not script.batches:
            return None
        key = request.headers.get("authorization", "")
        if not key:
            return Reply(401, answers.status_error(401))
        match request.method, parts:
            case "POST", ["files"]:
                return self._upload(request, key)
            case "GET", ["files"]:
                return _listed([_file(each) for each in self._files.values() if each.key == key])
            case "GET", ["files", id_, "content"] if self._own(self._files, id_, key):
                return Reply(200, self._files[id_].content, "application/octet-stream")
            case "DELETE", ["files", id_] if self._own(self._files, id_, key):
                del self._files[id_]
                return _told({"id": id_, "object": "file", "deleted": True})
            case "POST", ["batches"]:
                return self._make(request, key, script)
            case "GET", ["batches"]:
                newest = [_batch(each) for each in reversed(self._batches.values()) if each.key == key]
                return _listed(newest)
            case "GET", ["batches", id_] if self._own(self._batches, id_, key):
                return _told(_batch(self._batches[id_]))
            case "POST", ["batches", id_, "cancel"] if self._own(self._batches, id_, key):
                return self._cancel(self._batches[id_])
        return Reply(404, answers.error_body("No such object", "invalid_request_error", code=None))

    @staticmethod
    def _own(known: dict[str, Any], id_: str, key: str) -> bool:
        return id_ in known and known[id_].key == key

    def _upload(self, request: Request, key: str) -> Reply:
        fields = _form(request)
        if fields.get("purpose") != b"batch" or "file" not in fields:
            return Reply(
                400, answers.error_body("A file for batches is wanted", "invalid_request_error", code=None)
            )
        file = self._keep(key, fields["name"].decode(), "batch", fields["file"])
        return _told(_file(file))

    def _keep(self, key: str, name: str, purpose: str, content: bytes) -> _File:
        self._count += 1
        file = _File(f"file-standin-{self._count}", key, name, purpose, content)
        self._files[file.id] = file
        return file

    def _make(self, request: Request, key: str, script: Script) -> Reply:
        asked = orjson.loads(request.body)
        file = self._files.get(asked.get("input_file_id", ""))
        if file is None or file.key != key:
            return Reply(400, answers.error_body("No such file", "invalid_request_error", code=None))
        self._count += 1
        batch = _Batch(
            id=f"batch_standin_{self._count}",
            key=key,
            input=file.id,
            metadata=asked.get("metadata"),
            due=time.monotonic() + script.batch_seconds,
            requests=[orjson.loads(line) for line in file.content.splitlines() if line.strip()],
        )
        if script.batch_end in ("failed", "token_limit"):
            code = "token_limit_exceeded" if script.batch_end == "token_limit" else "invalid_model"
            batch.status, batch.requests = "failed", []
            batch.told = [{"code": code, "message": "The batch was refused as a whole.", "line": None}]
        self._batches[batch.id] = batch
        return _told(_batch(batch))

    def _cancel(self, batch: _Batch) -> Reply:
        if batch.status in _OVER:
            return Reply(409, answers.error_body("The batch is over", "invalid_request_error", code=None))
        batch.status = "cancelled"
        return _told(_batch(batch))

    def _end(self, batch: _Batch, script: Script) -> None:
        """Answer the requests of a batch, or the share of them that it came to."""
        answered = round(len(batch.requests) * script.batch_share)
        lines: dict[bool, list[bytes]] = {True: [], False: []}
        for number, each in enumerate(batch.requests):
            line: dict[str, Any] = {"id": f"batch_req_{number}", "custom_id": each["custom_id"]}
            status = 0
            if number < answered:
                status, body = self._answer(each["body"], batch.key)
                try:
                    shown = orjson.loads(body)
                except orjson.JSONDecodeError:
                    shown = body.decode(errors="replace")
                response = {"status_code": status, "request_id": f"req_{number}", "body": shown}
                line |= {"response": response, "error": None}
            else:
                error = {"code": f"batch_{script.batch_end}", "message": "This request was not executed."}
                line |= {"response": None, "error": error}
            lines[status == 200].append(orjson.dumps(line) + b"\n")
        if lines[True]:
            batch.output = self._keep(batch.key, "output.jsonl", "batch_output", b"".join(lines[True])).id
        if lines[False]:
            batch.errors = self._keep(batch.key, "errors.jsonl", "batch_output", b"".join(lines[False])).id
        batch.status = script.batch_end


def _form(request: Request) -> dict[str, bytes]:
    """Return the fields of a multipart body, and the name of its file."""
    _, _, boundary = request.headers.get("content-type", "").partition("boundary=")
    found: dict[str, bytes] = {}
    for part in request.body.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _between(head, b' name="')
        found[name.decode()] = content.removesuffix(b"\r\n")
        if b"filename=" in head:
            found["name"] = _between(head, b'filename="')
    return found


def _between(head: bytes, start: bytes) -> bytes:
    return head.partition(start)[2].partition(b'"')[0]


def _file(file: _File) -> dict[str, Any]:
    size = len(file.content)
    return {"id": file.id, "object": "file", "bytes": size, "filename": file.name, "purpose": file.purpose}


def _batch(batch: _Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": {"object": "list", "data": batch.told} if batch.told else None,
        "input_file_id": batch.input,
        "completion_window": "24h",
        "status": batch.status,
        "output_file_id": batch.output,
        "error_file_id": batch.errors,
        "metadata": batch.metadata,
    }


def _listed(items: list[dict[str, Any]]) -> Reply:
    return _told({"object": "list", "data": items[:_LIST], "has_more": False})


def _told(content: dict[str, Any]) -> Reply:
    return Reply(200, orjson.dumps(content))
