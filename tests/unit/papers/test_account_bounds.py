"""Each resource and table of an account has a line in the table of bounds, and each number is the code's."""

import re

import pytest

from services.auth.events import events
from services.auth.mail import store as mails
from services.auth.privacy import exports
from services.auth.sessions import devices, sessions
from services.auth.tokens import access_tokens
from services.common import aside, database
from services.common.rpc import shares
from services.common.store import idempotency
from services.files import service as files_service
from services.files import threads
from services.files.library.store import files as file_store
from services.files.objects import keyed
from services.files.results import results
from services.files.settings import FilesSettings
from services.processor.jobs import economy
from services.processor.policy import POLICY as PROCESSOR
from services.processor.templates import variables
from services.processor.webhooks import deliveries, webhooks
from services.processor.webhooks.store import queue
from services.vault.api_keys import api_keys
from tests.e2e import contracts
from tests.support.account_bounds import table
from tests.support.processes import PROCESSES, settings_of
from tests.unit.papers.test_papers import documented
from tests.unit.papers.test_personal_tables import LISTS

pytestmark = pytest.mark.promise("S43")
#: The numbers of the lines without a setting.
NUMBERS = {
    "variables": variables.MOST_VARIABLES,
    "parses of a file": file_store.MOST_PARSES,
    "batches of a step of a row": economy.BATCH_ROUNDS,
    "webhooks": webhooks.MOST_WEBHOOKS,
    "deliveries of a webhook that wait": deliveries.MOST_WAITING,
    "deliveries of a webhook that have ended": queue.MOST_KEPT,
    "result files that were made for a download": results.MOST_TEMPORARY,
    "dataExports of a day": exports.MOST_A_DAY,
    "apiKeys": api_keys.MOST_KEYS,
    "apiKeys that were ever stored": api_keys.MOST_EVER,
    "auditEvents in auth": events.MOST_KEPT,
    "sessions": sessions.MOST_KEPT,
    "devices": devices.MOST_KEPT,
    "accessTokens": access_tokens.MOST_TOKENS,
    "accessTokens that are made in a day": access_tokens.A_DAY.most,
    "mails to an address at once; others wait 5 s each": mails.AT_ONCE,
    "Idempotency-Keys of a day": idempotency.MOST_KEYS,
    "Idempotency-Keys of a day in the vault": idempotency.MOST_KEYS,
    "short calls at a replica": shares.MOST_CALLS,
    "short calls at a replica in work": shares.IN_WORK,
    "streams at a replica": shares.MOST_STREAMS,
    "tests of templates at a replica": PROCESSOR["/smelt.processor.v1.TemplateService/TestTemplate"].at_once,
    "tests of API keys at a replica": PROCESSOR["/smelt.processor.v1.ApiKeyTestService/TestApiKey"].at_once,
    "uploads and reparses at a replica, with `SMELT_UPLOADS_AT_ONCE` as it is": files_service.shares(
        FilesSettings.model_construct()
    ).of_account,
    "connections of a pool": database.ACCOUNT_SHARE,
    "threads that read files, or write results": threads.READERS_SHARE,
    "threads for templates and answers": aside.EACH,
}
#: One of each, by the table's own key or by the rule of the line.
ONE = {
    "job settings",
    "usage of a day and a model",
    "file settings",
    "result files of a job",
    "the account itself, and what remains of it",
    "proof of its address",
    "grants for webhooks' messages",
}


def test_every_table_with_rows_of_an_account_is_bounded() -> None:
    """So a new table has no place until somebody has said how many rows an account may have in it."""
    kept = {name for line in table() for name in line.tables}
    held = {
        f"{database_of}.{each.name}"
        for database_of, (lists, _) in LISTS.items()
        for each in lists
        if each.account_rows
    }
    assert kept == held


def test_every_list_is_of_a_resource_that_is_bounded() -> None:
    named = {word for line in table() for word in re.findall(r"\w+", line.what)}
    listed = set()
    for method in contracts.people_methods():
        if method.full_name.rpartition("/")[2].startswith("List"):
            listed |= {path.rpartition("/")[2] for _, path, _ in method.bindings}
    assert len(listed) > 10
    assert listed <= named


def test_each_number_is_the_one_in_the_code() -> None:
    told = {line.what: line for line in table()}
    assert len(told) == len(table())
    for what, line in told.items():
        if line.setting:
            assert documented()[line.setting][1] == f"`{line.most}`", what
        elif line.most == "1" and what in ONE:
            continue
        elif line.most.isdecimal() and what not in ONE:
            assert NUMBERS[what] == int(line.most), what
        else:
            assert line.most in ("any number", "the same for all"), what
    assert threads.READERS_SHARE == keyed.WRITERS_SHARE
    assert NUMBERS.keys() <= told.keys()


def test_each_reason_is_a_reason_and_each_limit_has_a_line() -> None:
    reasons = {line.reason for line in table() if line.reason}
    errors = (contracts.ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\* `([A-Z_]+)` \(429\)", errors, re.MULTILINE))
    # Money and plans are limits of another kind.
    assert {each for each in known if each.endswith("_LIMIT")} - {"USAGE_LIMIT"} <= reasons
    assert reasons - {"FILE_TOO_MANY_ROWS"} <= known


def test_what_is_bounded_by_a_setting_is_read_by_the_service_that_keeps_it() -> None:
    for line in table():
        if not line.setting:
            continue
        readers = {
            process
            for process in PROCESSES
            if line.setting.removeprefix("SMELT_").lower() in settings_of(process).model_fields
        }
        for kept in line.tables:
            database_of = kept.partition(".")[0]
            assert {"keystore": "vault"}.get(database_of, database_of) in readers | {"processor"}, line
