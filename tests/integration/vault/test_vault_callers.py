"""Who may call what, by certificate: generated from the descriptors, so that no method is forgotten."""

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from smelt.vault.v1 import signing_pb2

import services.vault.service  # noqa: F401 -- brings the descriptors of everything that it serves
from deploy.local.certificates import CLIENTS, SERVICES
from services.common.peers.vault import VaultKeys
from services.common.rpc.errors import error_from_rpc
from services.common.tokens import Kind, TokenVerifier
from services.vault.policy import POLICY
from tests.integration.vault.vault_process import Vault, new_account, reason_of
from tests.support.patience import PATIENCE_SECONDS
from tests.support.wire import one_request

METHODS = sorted(POLICY)
EVERYONE = sorted({*SERVICES, *CLIENTS})


def described(method: str) -> MethodDescriptor:
    service, _, name = method.strip("/").partition("/")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]


async def called(
    vault: Vault, caller: str, method: str, metadata: Any = None, *, sealed: bool = False
) -> str:
    """Call with an empty request; return the reason of the refusal, or nothing."""
    what = described(method)
    request = message_factory.GetMessageClass(what.input_type)()
    answer_class = message_factory.GetMessageClass(what.output_type)
    coders: dict[str, Any] = {
        "request_serializer": lambda message: message.SerializeToString(),
        "response_deserializer": answer_class.FromString,
    }
    channel = vault.channel(caller)
    try:
        if what.client_streaming and what.server_streaming:
            answers: Any = channel.stream_stream(method, **coders)(
                one_request(request, refusal_expected=sealed or caller not in POLICY[method].callers),
                metadata=metadata,
                timeout=PATIENCE_SECONDS,
            )
            async for _ in answers:
                pass
        elif what.server_streaming:
            async for _ in channel.unary_stream(method, **coders)(
                request, metadata=metadata, timeout=PATIENCE_SECONDS
            ):
                pass
        else:
            await channel.unary_unary(method, **coders)(request, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return error_from_rpc(error).reason
    return ""


@pytest.mark.promise("S50")
@pytest.mark.promise("S02")
@pytest.mark.parametrize("caller", EVERYONE)
async def test_each_method_takes_the_callers_of_its_list_and_no_other(vault: Vault, caller: str) -> None:
    for method in METHODS:
        refused = await called(vault, caller, method) == "CALLER_NOT_ALLOWED"
        assert refused == (caller not in POLICY[method].callers), method


async def test_a_caller_without_a_certificate_gets_no_connection(vault: Vault) -> None:
    authority = vault.certificates.identity("vault").ca_file.read_bytes()
    for channel in (
        grpc.aio.insecure_channel(vault.address),
        grpc.aio.secure_channel(vault.address, grpc.ssl_channel_credentials(authority)),
    ):
        async with channel:
            call: Any = channel.unary_unary("/smelt.vault.v1.SigningService/GetVerificationKeys")
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await call(b"", timeout=3)
            assert failed.value.code() in {
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
            }


async def test_what_is_for_people_needs_a_passport_of_the_vaults(vault: Vault) -> None:
    account = new_account()
    grant = (await vault.grant(account, "apiKeys/k")).token
    good = dict(await vault.passport(account))["x-smelt-passport"]
    for method in METHODS:
        needs = POLICY[method].needs
        if needs == "nothing":
            continue
        (caller, *_) = sorted(POLICY[method].callers)
        wrong = [None, [("x-smelt-passport", grant)], [("x-smelt-passport", good[:-4] + "AAAA")]]
        if needs == "passport":
            wrong.append([("x-smelt-grant", grant)])
        else:
            wrong.append([("x-smelt-grant", good)])
        for metadata in wrong:
            assert await called(vault, caller, method, metadata) == "UNAUTHENTICATED", method


@pytest.mark.promise("S02")
def test_only_the_release_answers_with_a_stored_secret() -> None:
    """By the contracts: no other answer of any service has a place for a stored key."""
    pool = descriptor_pool.Default()
    with_secret = set()
    for method in METHODS:
        if holds_secret(described(method).output_type, set()):
            with_secret.add(method)
    # The secret of a webhook is new there: it is shown to its owner once, and nothing gives it again.
    assert with_secret == {
        "/smelt.vault.v1.KeyReleaseService/ReleaseApiKeys",
        "/smelt.vault.v1.WebhookSecretService/CreateWebhookSecret",
    }
    for method in with_secret:
        assert POLICY[method].callers == {"processor"}
    assert pool.FindServiceByName("smelt.vault.v1.KeyReleaseService")


def holds_secret(message: Descriptor, seen: set[str]) -> bool:
    if message.full_name in seen:
        return False
    seen.add(message.full_name)
    return any(
        field.name in {"secret", "blob"} or (field.message_type and holds_secret(field.message_type, seen))
        for field in message.fields
    )


@pytest.mark.promise("S26")
async def test_every_service_verifies_tokens_by_the_vaults_public_keys(vault: Vault) -> None:
    account = new_account()
    for caller in ("auth", "files", "processor"):
        verifier = TokenVerifier(VaultKeys(vault.channel(caller)))
        claims = await verifier.verify(Kind.GRANT, (await vault.grant(account, "apiKeys/k")).token)
        assert (claims["sub"], claims["purpose"], claims["last_row"]) == (account, "job", 100)
        passport = dict(await vault.passport(account))["x-smelt-passport"]
        assert (await verifier.verify(Kind.PASSPORT, passport))["scopes"] == ["read", "write"]


async def test_signing_wants_claims_of_a_kind(vault: Vault) -> None:
    assert await reason_of(vault.signing().Sign(signing_pb2.SignRequest(lifetime_seconds=5))) == (
        "INVALID_REQUEST"
    )
    for claims in (
        signing_pb2.GrantClaims(purpose="export", account="a"),
        signing_pb2.GrantClaims(purpose="job", account=""),
    ):
        call = vault.signing().Sign(signing_pb2.SignRequest(grant=claims, lifetime_seconds=5))
        assert await reason_of(call) == "INVALID_REQUEST"


async def test_a_mac_is_the_same_for_the_same_digest_and_pepper(vault: Vault) -> None:
    async def mac(**more: Any) -> signing_pb2.MacResponse:
        answer: signing_pb2.MacResponse = await vault.signing().Mac(
            signing_pb2.MacRequest(**{"digest": b"d" * 48} | more)
        )
        return answer

    one = await mac()
    assert len(one.mac) == 48
    assert one.current_pepper_id == one.pepper_id
    assert await mac(pepper_id=one.pepper_id) == one
    assert (await mac(digest=b"e" * 48)).mac != one.mac
    assert await reason_of(mac(pepper_id="unknown")) == "PEPPER_NOT_FOUND"
    assert await reason_of(mac(digest=b"short")) == "INVALID_REQUEST"
