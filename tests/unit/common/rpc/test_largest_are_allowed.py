"""What tests take for a method's largest request is one that its contract allows, and is quickly checked."""

import time

import pytest

from services.common.errors import InvalidRequest
from services.common.rpc.guard import check
from tests.e2e import contracts
from tests.support.largest import MOST_BYTES, largest, longest_lists_of_nothing, message_class

#: Half of what a go may cost; the rest of a call has to fit as well.
MOST_CPU_SECONDS = 0.01
INPUTS = sorted({method.input.full_name for method in contracts.methods()})


def least_cpu_seconds(work: object, tries: int = 5) -> float:
    """Return the least time of some tries: the first compiles the rules, and a busy machine adds to each."""
    found = []
    for _ in range(tries):
        began = time.thread_time()
        work()  # type: ignore[operator]
        found.append(time.thread_time() - began)
    return min(found)


@pytest.mark.promise("S59")
@pytest.mark.parametrize("name", INPUTS)
def test_the_largest_request_is_allowed_and_quickly_checked(name: str) -> None:
    for request in largest(name):
        check(request)
        assert request.ByteSize() <= MOST_BYTES + 64 * 1024
        assert least_cpu_seconds(lambda it=request: check(it)) < MOST_CPU_SECONDS


@pytest.mark.promise("S59")
@pytest.mark.parametrize("name", INPUTS)
def test_a_list_of_nothing_is_refused_by_its_length(name: str) -> None:
    for request in longest_lists_of_nothing(name):
        with pytest.raises(InvalidRequest, match="not valid"):
            check(request)

        def refused(it: object = request) -> None:
            with pytest.raises(InvalidRequest):
                check(it)  # type: ignore[arg-type]

        assert least_cpu_seconds(refused) < MOST_CPU_SECONDS


def test_what_is_made_is_as_large_as_the_rules_allow() -> None:
    (template,) = largest("smelt.processor.v1.CreateTemplateRequest")
    made = template.template  # type: ignore[attr-defined]
    assert (len(made.prompt), len(made.forbidden_words), len(made.reference_columns)) == (50_000, 100, 100)
    assert {len(each) for each in made.reference_columns} == {1000}
    assert made.max_tokens == 100_000
    (token,) = largest("smelt.auth.v1.CreateAccessTokenRequest")
    assert sorted(token.scopes) == ["read", "write"]  # type: ignore[attr-defined]
    assert [each.WhichOneof("claims") for each in largest("smelt.vault.v1.SignRequest")] == [
        field.name for field in message_class("smelt.vault.v1.SignRequest").DESCRIPTOR.oneofs[0].fields
    ]
