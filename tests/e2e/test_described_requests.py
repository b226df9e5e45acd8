"""Requests drawn from the API's own description, to every operation of the running stack (schemathesis).

Half of them keep to the description, half break it. Each answer must be one that the description has.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.bindings import load
from gateway.openapi import openapi, singular
from tests.e2e.api import Person
from tests.e2e.belongings import belongings
from tests.fuzz.http import Received
from tests.fuzz.judge import fault
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
DESCRIBED = schemathesis.openapi.from_dict(openapi(load()))
OPERATIONS: list[Any] = [found.ok() for found in DESCRIBED.get_all_operations()]  # type: ignore[union-attr]
#: These would end the account or the session that all other requests need.
ENDS_THE_PERSON = {
    "DELETE /v1/sessions/{session}",
    "POST /v1/users/me:delete",
    "POST /v1/users/me:changePassword",
}
#: What an overloaded machine answers: such a request is sent again.
BUSY = (503, 504)


def quickly(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        # A case that fails is shown as it is: making it smaller takes many more requests.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        # The short form draws the same requests each time.
        derandomize=examples < 10,
    )


@pytest.fixture(scope="module")
def own(new_person: Callable[[], Person], stack: Stack) -> tuple[Person, dict[str, str]]:
    person = new_person()
    return person, belongings(person, f"http://{urlsplit(stack.provider_url).netloc}/v1")


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    "examples", [1, pytest.param(30, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
def test_every_answer_is_one_that_the_description_has(
    stack: Stack, own: tuple[Person, dict[str, str]], examples: int
) -> None:
    person, names = own
    faults: list[str] = []
    with requests.Session() as session:
        session.trust_env = False
        for operation in OPERATIONS:
            for mode in GenerationMode:

                @quickly(examples)
                @given(case=operation.as_strategy(generation_mode=mode), mine=st.booleans())
                def ask(case: Any, mine: bool) -> None:
                    if mine and case.operation.label not in ENDS_THE_PERSON:
                        _name_own(case, names)
                    found = _ask(case, session, stack, person.token)
                    if found:
                        faults.append(f"{found}\n{case.as_curl_command()}")

                # A call that takes nothing, and that everybody may make, cannot be made wrongly.
                with contextlib.suppress(Unsatisfiable):
                    ask()
    assert not faults, "\n\n".join(faults[:5])
    # Otherwise the later requests would have been those of a stranger.
    assert person.ok("GET", "/v1/users/me")


def _name_own(case: Any, names: dict[str, str]) -> None:
    """Put the person's own resources into the address."""
    own = {singular(collection): name.partition("/")[2] for collection, name in names.items()}
    for parameter in case.path_parameters or {}:
        if parameter in own:
            case.path_parameters[parameter] = own[parameter]


def _ask(case: Any, session: requests.Session, stack: Stack, token: str) -> str:
    """Return what is wrong with the answer; empty if nothing is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = case.call(
            base_url=stack.gateway_url,
            session=session,
            # Instead of the one that was drawn: a stranger's requests would all end at the door.
            headers={"authorization": f"Bearer {token}"},
            verify=str(stack.ca_file),
            timeout=PATIENCE_SECONDS,
        )
        if answer.status_code not in BUSY or time.monotonic() > deadline:
            break
    received = Received(answer.status_code, {k: v[0] for k, v in answer.headers.items()}, answer.content)
    if found := fault(received, head=case.method == "HEAD"):
        return found
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as error:
        return str(error)
    return ""
