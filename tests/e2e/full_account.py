"""An account with as much of everything as one may have, in the sizes that cost most.

What is many is written into the databases; what has to be sealed comes in through the gateway.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.api import Person
from tests.e2e.remains import connect
from tests.support.provider import Provider
from tests.support.stack import Stack

WIDE = "\U0001f600"
STEPS = 20
LISTED = 1000
#: Of large things, as many as a page cannot hold by far.
LARGE = 40
#: Of the twenty steps, these are made of large variables, the others of very many small holes.
_OF_VARIABLES = 10
#: Variables of 40 kB that a prompt of 1 MiB can have.
_IN_A_PROMPT = 25
_LONG_CELL = 120_000
_LONG_ROWS = 6


@dataclass(slots=True)
class Full:
    """The account and its names."""

    person: Person
    id: str
    wide_file: str = ""
    long_file: str = ""
    steps: list[str] = field(default_factory=list)
    light: str = ""
    job: str = ""
    webhook: str = ""
    api_key: str = ""


def filled(stack: Stack, person: Person, provider: Provider) -> Full:
    """Fill a new account."""
    with connect(stack, "auth") as auth:
        row = auth.execute("SELECT id FROM account WHERE email = %s", (person.email,)).fetchone()
        assert row is not None
        full = Full(person, str(row[0]))
        auth.execute(_SESSIONS, {"account": full.id, "count": LISTED})
        auth.execute(_EVENTS, {"account": full.id, "count": LISTED})
    with connect(stack, "processor") as processor:
        about = {"account": full.id, "count": LISTED, "value": WIDE, "large": _OF_VARIABLES * _IN_A_PROMPT}
        processor.execute(_VARIABLES, about)
        for number in range(STEPS):
            about = {"account": full.id, "prompt": prompt(number), "output": f"Out {number}"}
            about |= {"words": words(), "columns": [f"c{nth}" for nth in range(8)]}
            (made,) = processor.execute(_STEP, about).fetchone() or ("",)
            full.steps.append(f"templates/{made}")
        processor.execute(_TEMPLATES, {"account": full.id, "count": LARGE, "letter": WIDE})
    full.light = person.template("Say {{c0}}", output_column="Light")["name"]
    full.api_key = person.add_key(provider.base_url)["name"]
    columns = ",".join(f"c{number}" for number in range(100))
    rows = "\n".join(",".join(f"{row}-{number}" for number in range(100)) for row in range(1_000))
    full.wide_file = person.file(f"{columns}\n{rows}\n".encode())["name"]
    long_row = ",".join("x" * _LONG_CELL for _ in range(8))
    columns = ",".join(f"c{number}" for number in range(8))
    full.long_file = person.file("\n".join([columns, *[long_row] * _LONG_ROWS, ""]).encode())["name"]
    full.webhook = person.ok("POST", "/v1/webhooks", {"url": "https://receiver.invalid/smelt"})["name"]
    # Each answer is nearly as large as one may be.
    provider.script({"action": "content", "content": answer()}, latency_ms=0)
    job = person.job({"name": full.long_file}, [{"name": full.light}], last_row=4)
    person.finished(job)
    provider.reset()
    full.job = job["name"]
    with connect(stack, "processor") as processor:
        about = {"account": full.id, "count": LISTED, "job": full.job.removeprefix("jobs/")}
        processor.execute(_JOBS, about)
        processor.execute(_DELIVERIES, about | {"webhook": full.webhook.removeprefix("webhooks/")})
        processor.execute(_IDEMPOTENCY, about)
    with connect(stack, "files") as files:
        files.execute(_FILES, {"account": full.id, "count": LISTED - 2, "file": full.long_file[6:]})
    return full


def emptied(stack: Stack, full: Full) -> None:
    """Remove what was written into the databases, so that nobody has to work through it."""
    with connect(stack, "processor") as processor:
        for table in ("webhook_delivery", "idempotency", "job", "template", "variable"):
            processor.execute(f"DELETE FROM {table} WHERE account = %s".encode(), (full.id,))
    with connect(stack, "files") as files:
        files.execute("DELETE FROM file WHERE account = %s", (full.id,))


def prompt(number: int) -> str:
    """Return the prompt of a step: of large variables, or of as many holes as fit."""
    if number < _OF_VARIABLES:
        first = number * _IN_A_PROMPT
        return "".join(f"{{{{$v{first + nth}}}}}" for nth in range(_IN_A_PROMPT)) + "{{c0}}"
    return "".join(f"{{{{c{nth % 8}}}}}" for nth in range(50_000 // 6))


def schema() -> str:
    """Return a schema with as many columns and alternatives as may be."""
    column = {"type": "string", "enum": [f"choice {nth}" for nth in range(45)]}
    return json.dumps({"type": "object", "properties": {f"p{nth}": column for nth in range(20)}})


def answer() -> str:
    """Return an answer of nearly a megabyte that is costly to write as CSV and as JSON."""
    return ('"\x01\n' * 100_000).strip("\n")


def words() -> Sequence[str]:
    """Return as many forbidden words as may be, that begin alike."""
    return [("a " * 48 + chr(ord("b") + nth % 20) + str(nth))[:100] for nth in range(100)]


_ID = "replace(gen_random_uuid()::text, '-', '')"
_VARIABLES = f"""
    INSERT INTO variable (id, account, key, folded, value, create_time, update_time)
    SELECT {_ID}, %(account)s, 'v' || n, 'v' || n,
        repeat(%(value)s, CASE WHEN n < %(large)s THEN 10000 ELSE 1 END), now() - n * interval '1 s', now()
    FROM generate_series(0, %(count)s - 1) AS n
"""
_STEP = f"""
    INSERT INTO template (id, account, display_name, category, prompt, output_column, model, temperature,
        max_tokens, forbidden_words, reference_columns, json_schema, create_time, update_time)
    VALUES ({_ID}, %(account)s, 'Step', 'Full', %(prompt)s, %(output)s, 'gpt-4o-mini', 0, 100,
        %(words)s, %(columns)s, '', now(), now())
    RETURNING id
"""
_TEMPLATES = f"""
    INSERT INTO template (id, account, display_name, category, prompt, output_column, model, temperature,
        max_tokens, json_schema, forbidden_words, reference_columns, create_time, update_time)
    SELECT {_ID}, %(account)s, 'Listed', 'Full', repeat(%(letter)s, 50000), 'Out', 'gpt-4o-mini', 0, 100,
        repeat(%(letter)s, 20000), array_fill(repeat(%(letter)s, 100), ARRAY[100]),
        array_fill(repeat(%(letter)s, 1000), ARRAY[100]), now() - n * interval '1 s', now()
    FROM generate_series(1, %(count)s) AS n
"""
_JOBS = f"""
    INSERT INTO job SELECT (jsonb_populate_record(job, jsonb_build_object('id', {_ID}))).*
    FROM job, generate_series(1, %(count)s) WHERE job.id = %(job)s
"""
_DELIVERIES = f"""
    INSERT INTO webhook_delivery (id, account, webhook, event, create_time, state)
    SELECT {_ID}, %(account)s, %(webhook)s, 'test', now() - n * interval '1 s', 'FAILED'
    FROM generate_series(1, %(count)s) AS n
"""
_IDEMPOTENCY = """
    INSERT INTO idempotency (account, method, key, digest, resource, create_time)
    SELECT %(account)s, 'CreateJob', 'key ' || n, '', 'x', now() FROM generate_series(1, %(count)s) AS n
"""
_SESSIONS = f"""
    INSERT INTO session (id, account, create_time, last_used_time, expire_time, user_agent, client_address)
    SELECT {_ID}, %(account)s, now() - n * interval '1 s', now(), now() + interval '1 day', repeat('u', 500),
        '192.0.2.1'
    FROM generate_series(1, %(count)s) AS n
"""
_EVENTS = f"""
    INSERT INTO event (id, account, time, action, outcome, object, client_address, user_agent)
    SELECT {_ID}, %(account)s, now() - n * interval '1 s', 'sign_in', 'ok', '', '192.0.2.1', repeat('u', 500)
    FROM generate_series(1, %(count)s) AS n
"""
_FILES = f"""
    WITH made AS (
        INSERT INTO file SELECT (jsonb_populate_record(file, jsonb_build_object('id', new.id, 'object_key',
        new.id))).* FROM file, (SELECT {_ID} AS id FROM generate_series(1, %(count)s)) AS new WHERE file.id =
        %(file)s RETURNING id
    )
    INSERT INTO file_parse
    SELECT (jsonb_populate_record(file_parse, jsonb_build_object('file', made.id))).*
    FROM file_parse, made WHERE file_parse.file = %(file)s
"""


def requests(full: Full, *, rows: int) -> dict[str, list[dict[str, Any]]]:
    """Return the requests that cost this account's services most, by the short name of the method.

    Of a method that several services have, the service stands before it.
    A test of templates has `rows` rows, because its calls take their time.
    """
    many = {"page_size": 1000}
    heavy = {"file": full.wide_file, "templates": full.steps}
    return {
        "ListTemplates": [many],
        "ListVariables": [many],
        "ListJobs": [many],
        "ListSessions": [many],
        "ListAuditEvents": [{"page_size": 500}],
        "ListFiles": [many],
        "ListWebhookDeliveries": [{"parent": full.webhook, **many}],
        "ListWebhooks": [many],
        "ListApiKeys": [many],
        "ListApiKeyUses": [{"parent": full.api_key, **many}],
        "ListLibraryTemplates": [many],
        "ListFileRows": [
            {"parent": full.wide_file, "first": 1, "count": 1000},
            {"parent": full.long_file, "first": 1, "count": 1000},
        ],
        "ListJobRows": [{"parent": full.job, **many}],
        "DownloadResults": [
            {"parent": full.job},
            {"parent": full.job, "columns": ["confidence", "flags", "error"], "neutral_columns": True},
        ],
        "DownloadFile": [{"name": full.long_file}],
        "GetFile": [{"name": full.wide_file}],
        "GetFileProfile": [{"name": f"{full.long_file}/profile"}, {"name": f"{full.wide_file}/profile"}],
        "GetJob": [{"name": full.job}],
        "GetTemplate": [{"name": full.steps[0]}],
        # A worker takes it and makes no call: the budget is too small for one.
        "CreateJob": [heavy | {"first_row": 1, "last_row": 1, "max_cost_usd": "0.000000001"}],
        "EstimateJob": [
            heavy,
            {"file": full.long_file, "templates": full.steps[:_OF_VARIABLES]},
        ],
        "TestTemplate": [
            heavy | {"row_count": rows, "mock_values": {f"c{nth}": "x" * 2000 for nth in range(8)}},
        ],
        "PreviewTemplate": [
            {"name": full.steps[0], "file": full.wide_file, "row_count": 100},
            {"name": full.steps[-1], "file": full.wide_file, "row_count": 100},
            {"template": {"prompt": prompt(_OF_VARIABLES)}, "file": full.long_file, "row_count": _LONG_ROWS},
        ],
        "CreateTemplate": [
            {
                "template": {
                    "display_name": "x",
                    "category": "x",
                    "prompt": prompt(STEPS - 1),
                    "output_column": "x",
                    "json_schema": schema(),
                    "forbidden_words": words(),
                }
            }
        ],
        "DuplicateTemplate": [{"name": full.steps[0]}],
        # Not of files, which would look for the objects of files that were only written into the database.
        "processor/ExportPart": [{}],
        "vault/ExportPart": [{}],
    }
