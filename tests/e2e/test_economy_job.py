"""A job in batches, through the gateway and with the real vault: both prices, and each row's answer."""

from collections.abc import Callable

import pytest

from tests.e2e.api import Person, reason
from tests.support.provider import Provider, answer_for

PEOPLE = b"Name\r\nAda\r\nGrace\r\nLin\r\n"


@pytest.mark.promise("S11")
def test_a_job_in_batches_costs_half_and_answers_every_row(
    new_person: Callable[[], Person], provider: Provider
) -> None:
    person = new_person()
    person.add_key(provider.base_url)
    file = person.file(PEOPLE)
    template = person.template("Greet {{Name}}")
    asked = {"file": file["name"], "templates": [template["name"]]}
    told = person.ok("POST", "/v1/jobs:estimate", asked)
    assert float(told["economy_cost_high_usd"]) == pytest.approx(float(told["cost_high_usd"]) / 2, abs=1e-6)
    job = person.job(file, [template], economy=True, economy_rest="BATCH")
    assert (job["economy"], job["economy_rest"]) == (True, "BATCH")
    done = person.finished(job)
    assert (done["state"], done["request_counts"]["succeeded"]) == ("COMPLETED", 3)
    answers = person.results(job).decode()
    assert all(answer_for(f"Greet {name}") in answers for name in ("Ada", "Grace", "Lin"))
    assert {seen["method"] for seen in provider.requests() if seen["prompt"]} == {"BATCH"}


def test_what_an_economy_job_cannot_do_is_refused(person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    file, template = person.file(PEOPLE), person.template("Greet {{Name}}")
    body = {"file": file["name"], "templates": [template["name"]], "economy": True}
    refused = person.call("POST", "/v1/jobs", {**body, "identical_prompts_once": True})
    assert (refused.status_code, reason(refused)) == (400, "ECONOMY_NOT_POSSIBLE")
