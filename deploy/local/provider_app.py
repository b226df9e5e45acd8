"""The stand-in provider's behaviour: scripted chat completions, the record, and the control endpoints."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from pydantic import ValidationError

from deploy.local import provider_answers as answers
from deploy.local.provider_batches import StandInBatches
from deploy.local.provider_http import Ending, Reply, Request
from deploy.local.provider_limit import Window
from deploy.local.provider_record import Record, Seen, fingerprint
from deploy.local.provider_rules import Rule, Rules, Script
from deploy.local.provider_scenarios import SCENARIO, SCENARIOS


class _Play:
    """A script with what it counts."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.rules = Rules(script)
        self.counts_attempts = any(rule.counts_attempts for rule in script.rules)
        self.windows: dict[tuple[str, str], Window] = {}


# OpenAI's path, and Azure's: those of a resource and of a deployment.
_CHAT = re.compile(r"(/v1|/openai/v1|/openai/deployments/[^/]+)/chat/completions\Z")


def key_of(request: Request) -> str:
    """Return a request's key as an Authorization value; Azure's paths take the header `api-key` alone."""
    if request.path.startswith("/openai/"):
        key = request.headers.get("api-key", "")
        return key and f"Bearer {key}"
    return request.headers.get("authorization", "")


class StandIn:
    """An OpenAI-compatible provider that answers the same way each time, unless its script says otherwise.

    Below ``/scenario/NAME`` it plays the scenario of that name.
    """

    def __init__(self, script: Script | None = None) -> None:
        self._play = _Play(script or Script())
        self._scenes: dict[str, _Play] = {}
        #: Send the replies that wait until the script is replaced.
        self._held: list[Callable[[], None]] = []
        self._record = Record(self._play.script.record_limit, keep=True)
        self._batches = StandInBatches(self._in_batch)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        play = self._play
        if request.path.startswith(SCENARIO):
            name, _, rest = request.path.removeprefix(SCENARIO).partition("/")
            if name not in SCENARIOS:
                return self._refuse(request, 404, "There is no scenario of this name.")
            play = self._scenes.setdefault(name, _Play(SCENARIOS[name].script))
            request = replace(request, path=f"/{rest}")
        self._batches.advance(play.script)
        if _CHAT.match(request.path) and request.method == "POST":
            return self._chat(request, play)
        if request.path == "/healthz":
            return Reply(200, b'{"status":"ok"}')
        if request.path.startswith("/_"):
            return self._control(request)
        if request.path.startswith(("/openai/v1/files", "/openai/v1/batches")):
            headers = {**request.headers, "authorization": key_of(request)}
            request = replace(request, path=request.path.removeprefix("/openai"), headers=headers)
        if request.path.startswith(("/v1/files", "/v1/batches")):
            return self._about_batches(request, play)
        return self._other(request, play)

    def _about_batches(self, request: Request, play: _Play) -> Reply:
        """Answer what is about files and batches; a rule may lose the answer after it had its effect."""
        seen, rule = self._see(request, "", {}, play)
        settled = self._settler(seen)
        lost = {"slow": Ending.KEEP, "hold": Ending.KEEP, "reset": Ending.RESET, "cut_off": Ending.CUT_OFF}
        if rule is not None and rule.action not in lost:
            nothing = {"content": "", "model": "", "prompt_bytes": 0, "sequence": seen.sequence, "created": 0}
            key = key_of(request).removeprefix("Bearer ")
            return self._ready(seen, _by_rule(rule, nothing, key), settled)
        reply = self._batches.reply(request, play.script)
        if reply is None:
            body = answers.error_body("Unknown request URL", "invalid_request_error", code=None)
            return self._ready(seen, Reply(404, body), settled)
        if rule is not None:
            waits = rule.seconds if rule.action == "slow" else 0.0
            hold = self._held.append if rule.action == "hold" else None
            reply = replace(reply, ending=lost[rule.action], delay_seconds=waits, hold=hold)
        return self._ready(seen, reply, settled)

    def _in_batch(self, asked: dict[str, Any], authorization: str) -> tuple[int, bytes]:
        """Answer a request of a batch; it is recorded as a call with the method BATCH."""
        headers = {"authorization": authorization}
        reply = self._chat(
            Request("BATCH", "/v1/chat/completions", "", headers, orjson.dumps(asked)), self._play
        )
        if reply.settled is not None:
            reply.settled(True)
        return reply.status, reply.body

    def _chat(self, request: Request, play: _Play) -> Reply:
        try:
            asked = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            return self._refuse(request, 400, "We could not parse the JSON body of your request.")
        messages = asked.get("messages")
        prompt = answers.prompt_of(messages)
        seen, rule = self._see(request, prompt, asked, play)
        settled = self._settler(seen)
        key = key_of(request)
        if not key:
            return self._ready(seen, Reply(401, answers.status_error(401)), settled)
        if not isinstance(messages, list) or not isinstance(asked.get("model"), str) or asked.get("stream"):
            message = "Only a model and messages with text are supported here, without streaming."
            body = answers.error_body(message, "invalid_request_error", code=None)
            return self._ready(seen, Reply(400, body), settled)
        answer = {
            "content": answers.answer_for(prompt),
            "model": asked["model"],
            "prompt_bytes": answers.prompt_bytes(messages),
            "sequence": seen.sequence,
            "created": int(time.time()),
        }
        if rule is not None and rule.action == "refuse_parameter" and rule.parameter not in asked:
            rule = None
        told: tuple[tuple[str, str], ...] = ()
        if (limit := play.script.limit) is not None:
            window = play.windows.setdefault((key, asked["model"]), Window(limit))
            taken = window.take(seen.received)
            told = window.headers(refused=not taken)
            if not taken:
                return self._ready(seen, Reply(429, answers.status_error(429), headers=told), settled)
        told += tuple(play.script.headers.items())
        reply = _right(answer) if rule is None else _by_rule(rule, answer, key.removeprefix("Bearer "))
        hold = self._held.append if rule is not None and rule.action == "hold" else None
        return self._ready(seen, replace(reply, headers=(*reply.headers, *told), hold=hold), settled)

    def _other(self, request: Request, play: _Play) -> Reply:
        """Answer with the list of models, or with 404 for an unknown path; both are recorded."""
        seen, rule = self._see(request, "", {}, play)
        settled = self._settler(seen)
        key = key_of(request)
        if request.path != "/v1/models" or request.method != "GET":
            body = answers.error_body(
                f"Unknown request URL: {request.method}", "invalid_request_error", code=None
            )
            return self._ready(seen, Reply(404, body), settled)
        if rule is None and not key:
            return self._ready(seen, Reply(401, answers.status_error(401)), settled)
        if rule is not None:
            nothing = {"content": "", "model": "", "prompt_bytes": 0, "sequence": seen.sequence, "created": 0}
            return self._ready(seen, _by_rule(rule, nothing, key.removeprefix("Bearer ")), settled)
        return self._ready(seen, Reply(200, orjson.dumps(answers.model_list(int(time.time())))), settled)

    def _refuse(self, request: Request, status: int, message: str) -> Reply:
        seen, _ = self._see(request, "", {}, self._play)
        body = answers.error_body(message, "invalid_request_error", code=None)
        return self._ready(seen, Reply(status, body), self._settler(seen))

    def _see(
        self, request: Request, prompt: str, asked: dict[str, Any], play: _Play
    ) -> tuple[Seen, Rule | None]:
        """Record a request and look up the script's rule for it."""
        record = self._record
        sequence = record.next_sequence()
        attempt = record.next_attempt(prompt) if record.keeps or play.counts_attempts else 1
        hashed = fingerprint(authorization) if (authorization := key_of(request)) else None
        rule = play.rules.choose(prompt, hashed, attempt, asked, method=request.method, path=request.path)
        seen = Seen(
            sequence=sequence,
            received=time.monotonic(),
            method=request.method,
            path=request.path,
            query=request.query,
            prompt=prompt,
            attempt=attempt,
            messages=asked.get("messages"),
            model=asked.get("model"),
            parameters={name: value for name, value in asked.items() if name not in ("messages", "model")},
            authorization_sha256=hashed,
            header_names=list(request.headers),
            user_agent=request.headers.get("user-agent", ""),
            action=None if rule is None else rule.action,
        )
        if record.keeps:
            record.add(seen)
        return seen, rule

    def _settler(self, seen: Seen) -> Callable[[int, bool], None]:
        record = self._record

        def settle(status: int, answered: bool) -> None:
            seen.ended = time.monotonic()
            seen.status = status if answered else None
            seen.abandoned = not answered
            record.settle(status, answered=answered)

        return settle

    def _ready(self, seen: Seen, reply: Reply, settle: Callable[[int, bool], None]) -> Reply:
        """Add what all replies share: the latency, a request id, and the completion of the record."""
        return Reply(
            status=reply.status,
            body=reply.body,
            content_type=reply.content_type,
            headers=(*reply.headers, ("x-request-id", f"req_standin_{seen.sequence}")),
            delay_seconds=reply.delay_seconds + self._play.script.latency_ms / 1000,
            hold=reply.hold,
            ending=reply.ending,
            settled=lambda answered: settle(reply.status, answered),
        )

    def _control(self, request: Request) -> Reply:
        if request.path == "/_requests" and request.method == "GET":
            content = self._record.summary()
            if request.query != "summary=true":
                content["requests"] = self._record.requests()
            return Reply(200, orjson.dumps(content))
        if request.path == "/_reset" and request.method == "POST":
            self._tell(Script())
            self._batches = StandInBatches(self._in_batch)
            # A new record: requests still being answered settle in the old one.
            self._record = Record(self._play.script.record_limit, keep=True)
            self._scenes = {}
            return Reply(200, b"{}")
        if request.path == "/_control" and request.method == "POST":
            try:
                self._tell(Script.model_validate_json(request.body or b"{}"))
            except ValidationError as error:
                return Reply(400, error.json(include_url=False, include_input=False).encode())
            return Reply(200, self._play.script.model_dump_json().encode())
        return Reply(404, b'{"error":{"message":"no such control endpoint"}}')

    def _tell(self, script: Script) -> None:
        self._play = _Play(script)
        self._record.change(script.record_limit, keep=script.record)
        held, self._held = self._held, []
        for send in held:
            send()


def _right(answer: dict[str, Any], **changes: Any) -> Reply:
    return Reply(200, orjson.dumps(answers.completion(**{**answer, **changes})))


def _by_rule(rule: Rule, answer: dict[str, Any], key: str) -> Reply:
    """Return the reply that a rule asks for."""
    headers: tuple[tuple[str, str], ...] = ()
    if rule.retry_after is not None:
        value = rule.retry_after
        headers += (("retry-after", f"{value:g}" if isinstance(value, float) else value),)
    if rule.retry_after_ms is not None:
        headers += (("retry-after-ms", str(rule.retry_after_ms)),)
    match rule.action:
        case "status":
            echoed = {"none": "", "partial": answers.partly_hidden(key), "full": key}[rule.echo_key]
            return Reply(rule.status, answers.status_error(rule.status, echoed), headers=headers)
        case "insufficient_quota":
            return Reply(429, answers.QUOTA_ERROR, headers=headers)
        case "slow":
            right = _right(answer)
            return Reply(200, right.body, delay_seconds=rule.seconds)
        case "hold":
            return _right(answer)
        case "cut_off":
            return Reply(200, _right(answer).body, ending=Ending.CUT_OFF)
        case "reset":
            return Reply(200, b"", ending=Ending.RESET)
        case "trickle":
            return Reply(200, _right(answer).body, ending=Ending.TRICKLE)
        case "not_json":
            return Reply(200, answers.NOT_JSON)
        case "empty_choices":
            return Reply(200, orjson.dumps({**answers.completion(**answer), "choices": []}))
        case "truncated":
            return _right(answer, finish_reason="length")
        case "content_filter":
            return _right(answer, finish_reason="content_filter", content="")
        case "html":
            return Reply(200, answers.HTML_PAGE, "text/html")
        case "redirect":
            return Reply(302, b"", headers=(("location", rule.location),))
        case "huge":
            return _right(answer, content="x" * (rule.megabytes * 1_000_000))
        case "wrong_types":
            return Reply(200, answers.wrong_types(answer["sequence"]))
        case "nuls":
            return _right(answer, content=f"{answer['content']}\x00\x00 after two NULs")
        case "key_echo":
            return _right(answer, content=f"Your key is {key}, is it not?")
        case "content":
            return _right(answer, content=rule.content)
        case "raw":
            body = base64.b64decode(rule.content_base64) or rule.content.encode()
            return Reply(rule.status, body, headers=(*headers, *rule.headers.items()))
        case "usage":
            counted = {**answers.completion(**answer), "usage": rule.usage}
            return Reply(200, orjson.dumps(counted), headers=headers)
        case "refuse_parameter":
            return Reply(400, answers.parameter_error(rule.parameter))
