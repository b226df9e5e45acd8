"""What is suspended at the vault when an owner proves the address: no API key stays the active one."""

from typing import Any

from smelt.suspension.v1 import suspension_pb2
from smelt.vault.v1 import api_keys_pb2, audit_pb2

from tests.integration.vault.contract.sides import Side, refusal
from tests.integration.vault.vault_process import new_account


async def suspended(side: Side, account: str, generation: int) -> tuple[int, int, int]:
    request = suspension_pb2.SuspendEarlierRequest(account=account, generation=generation)
    answer = await side.suspension().SuspendEarlier(request)
    return answer.webhooks, answer.jobs, answer.api_keys


async def described(side: Side, account: str, name: str = "") -> Any:
    request = api_keys_pb2.DescribeApiKeyRequest(name=name)
    return (await side.directory().DescribeApiKey(request, metadata=await side.passport(account))).name


async def test_no_key_of_before_is_used_unless_it_is_named_and_one_of_after_is(side: Side) -> None:
    account, other = new_account(), new_account()
    strangers, theirs = await side.add_key(account), await side.add_key(other)
    assert await described(side, account) == strangers
    assert await suspended(side, account, 2) == (0, 0, 1)
    assert await refusal(described(side, account)) == "NO_API_KEY"
    # To name it is a decision of its owner.
    assert await described(side, account, strangers) == strangers
    assert await described(side, other) == theirs
    owners = await side.add_key(account)
    assert await described(side, account) == owners
    # A repetition, or an older call that comes late, suspends nothing and says the same again.
    for generation in (2, 1):
        assert await suspended(side, account, generation) == (0, 0, 1)
    assert await described(side, account) == owners
    assert await suspended(side, account, 3) == (0, 0, 1)
    assert await refusal(described(side, account)) == "NO_API_KEY"
    events = await side.audit().ListEvents(audit_pb2.ListEventsRequest(account=account))
    assert [(each.action, each.object) for each in events.events] == [
        ("suspend", owners),
        ("create", owners),
        ("suspend", strangers),
        ("create", strangers),
    ]


async def test_an_account_without_keys_has_none_suspended(side: Side) -> None:
    account = new_account()
    assert await suspended(side, account, 5) == (0, 0, 0)
    assert not (await side.audit().ListEvents(audit_pb2.ListEventsRequest(account=account))).events


async def test_only_auth_suspends(side: Side) -> None:
    request = suspension_pb2.SuspendEarlierRequest(account=new_account(), generation=1)
    for caller in ("processor", "files", "gateway"):
        assert await refusal(side.suspension(caller).SuspendEarlier(request)) == "CALLER_NOT_ALLOWED"
    for account, generation in (("", 1), ("a", 0), ("A b", 1)):
        request = suspension_pb2.SuspendEarlierRequest(account=account, generation=generation)
        assert await refusal(side.suspension().SuspendEarlier(request)) == "INVALID_REQUEST"
