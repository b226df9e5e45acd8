"""Snapshots sealed before templates, steps and snapshots shared their settings still open.

Jobs continue across an upgrade, so what is read and written here is a stored format.
"""

from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest

from services.common.sealing import PayloadSealer, fields
from services.common.store.idempotency import digest
from services.processor.jobs import stored_snapshot
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.seal import JobSeal
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.template import TemplateFields

KEY, ACCOUNT, JOB = bytes(range(32)), "account", "jobs/1"
SCHEMA = '{"type":"object","properties":{"score":{"type":"integer"}}}'
LINE = PromptSettings(
    "Hi {{Name}}", "Line", "gpt-4o-mini", 0.5, 120, 200, 30, ("cheap", "synergy"), ("Name", "City")
)
FIT = PromptSettings("{{Line}} of {{$Sender}}", "Fit", "gpt-4o", 0.0, 50, json_schema=SCHEMA)
SNAPSHOT = Snapshot(
    ("Name", "City"),
    (Step("templates/a", LINE), Step("templates/b", FIT)),
    "https://api.example/v1",
    (("Sender", "Grace"),),
    identical_once=True,
)
STORED = (
    b'{"columns":["Name","City"],"steps":['
    b'{"template":"templates/a","prompt":"Hi {{Name}}","output_column":"Line","model":"gpt-4o-mini",'
    b'"temperature":0.5,"max_tokens":120,"character_limit":200,"word_limit":30,'
    b'"forbidden_words":["cheap","synergy"],"reference_columns":["Name","City"],"json_schema":""},'
    b'{"template":"templates/b","prompt":"{{Line}} of {{$Sender}}","output_column":"Fit","model":"gpt-4o",'
    b'"temperature":0.0,"max_tokens":50,"character_limit":0,"word_limit":0,'
    b'"forbidden_words":[],"reference_columns":[],'
    rb'"json_schema":"{\"type\":\"object\",\"properties\":{\"score\":{\"type\":\"integer\"}}}"}],'
    b'"base_url":"https://api.example/v1","variables":[["Sender","Grace"]],"identical_once":true}'
)


def test_a_stored_snapshot_opens_and_is_written_as_it_was() -> None:
    seal, sealer = JobSeal(KEY, ACCOUNT, JOB), PayloadSealer(KEY, fields("job", ACCOUNT, JOB))
    assert seal.open_snapshot(sealer.seal(STORED, fields("snapshot"))) == SNAPSHOT
    # Workers of the previous release may read what this one has sealed.
    assert sealer.open(seal.seal_snapshot(SNAPSHOT), fields("snapshot")) == STORED


LARGE = Snapshot(
    ("Name", "City"),
    tuple(Step(f"templates/{nth}", replace(LINE, prompt="\u2028\n\x01" * 16_000)) for nth in range(20)),
    "https://api.example/v1",
    tuple((f"v{nth}", "\U0001f600\n" * 5_000) for nth in range(500)),
)


def test_a_large_snapshot_is_read_in_short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    content = stored_snapshot.dump(LARGE)
    assert len(content) > 10_000_000
    lines: list[int] = []

    def loads(line: bytes) -> object:
        lines.append(len(line))
        return orjson.loads(line)

    monkeypatch.setattr(stored_snapshot, "orjson", SimpleNamespace(dumps=orjson.dumps, loads=loads))
    assert stored_snapshot.load(content) == LARGE
    # A document holds the interpreter's lock from its begin to its end: of this length, for milliseconds.
    assert max(lines) < 1_000_000
    assert b"".join(stored_snapshot.shown(LARGE)) != content
    assert orjson.loads(b"".join(stored_snapshot.shown(LARGE)))["variables"] == [
        list(each) for each in LARGE.variables
    ]


def test_a_large_snapshot_opens_as_it_was_sealed() -> None:
    seal = JobSeal(KEY, ACCOUNT, JOB)
    assert seal.open_snapshot(seal.seal_snapshot(LARGE)) == LARGE
    shown = orjson.loads(b"".join(stored_snapshot.shown(SNAPSHOT)))
    assert shown == orjson.loads(STORED)


def test_the_codes_of_identical_prompts_stay_as_they_were() -> None:
    seal = JobSeal(KEY, ACCOUNT, JOB)
    assert seal.code(LINE, "Hi Ada").hex() == "7ca07715c188584aa63570aa94d256c9"
    assert seal.code(FIT, "x").hex() == "d461bf8f24ae43864f8a7ca695cd4c03"


def test_a_repeated_request_for_a_template_is_known_by_the_digest_of_before() -> None:
    settings = PromptSettings("Hi {{Name}}", "Line", "gpt-4o", 0.25, 7, 8, 9, ("a", "b"), ("Name",), "{}")
    told = TemplateFields("Hook", "Cold", settings)
    assert digest(orjson.dumps(told.stored())).hex() == (
        "d0b4bc551b2895a9fd4980d05afb0fcba73f4daea29d6340218517dba9e41e4f"
    )
