"""Which base URLs a key may be saved for, and in which spelling."""

import pytest

from services.common.key_kinds import KeyKind
from services.vault.api_keys import base_url
from services.vault.api_keys.base_url import BaseUrlNotAllowed

PRIVATE = ("127.0.0.1:9000", "Provider.internal:8080", "[::1]:7000", "10.0.0.5:443")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("HTTPS://API.OpenAI.com:443/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com./v1", "https://api.openai.com/v1"),
        ("https://models.example.org:8443/openai/v1", "https://models.example.org:8443/openai/v1"),
        ("https://models.example.org", "https://models.example.org"),
        ("http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1"),
        ("http://provider.INTERNAL:8080/v1", "http://provider.internal:8080/v1"),
        ("http://[::1]:7000/v1", "http://[::1]:7000/v1"),
        ("https://10.0.0.5/v1", "https://10.0.0.5/v1"),
    ],
)
def test_an_allowed_base_url_has_one_spelling(given: str, kept: str) -> None:
    assert base_url.normalised(given, private=PRIVATE) == kept
    assert base_url.normalised(kept, private=PRIVATE) == kept


AZURE = "https://acme.openai.azure.com/openai"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"{AZURE}/v1/", f"{AZURE}/v1"),
        (f"{AZURE}/v1/?api-version=preview", f"{AZURE}/v1?api-version=preview"),
        (f"{AZURE}/deployments/d?api-version=2024-10-21", f"{AZURE}/deployments/d?api-version=2024-10-21"),
        (
            f"{AZURE}/deployments/d/chat/completions?api-version=2025-04-01-preview",
            f"{AZURE}/deployments/d?api-version=2025-04-01-preview",
        ),
    ],
)
def test_a_base_url_of_azure_keeps_its_version(given: str, kept: str) -> None:
    assert base_url.normalised(given, KeyKind.AZURE_OPENAI) == kept
    assert base_url.normalised(kept, KeyKind.AZURE_OPENAI) == kept


@pytest.mark.promise("S46")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "a key for Azure needs that of its resource"),
        (f"{AZURE}/deployments/d", "needs a version, such as ?api-version=2024-10-21"),
        (f"{AZURE}/v1?", "must be api-version alone"),
        (f"{AZURE}/v1?api-version=", "must be api-version alone"),
        (f"{AZURE}/v1?api-version=1&x=2", "must be api-version alone"),
        (f"{AZURE}/v1?x=2&api-version=1", "must be api-version alone"),
        (f"{AZURE}/v1?api-version=1%26x", "must be api-version alone"),
        (f"{AZURE}/v1?Api-Version=1", "must be api-version alone"),
        (f"{AZURE}/v1?api-version=1#x", "must not contain a fragment"),
        ("https://10.0.0.1/openai/v1?api-version=1", "must be a name, not an address"),
    ],
)
def test_every_other_base_url_of_azure_is_refused_with_a_sentence(given: str, told: str) -> None:
    with pytest.raises(BaseUrlNotAllowed) as refused:
        base_url.normalised(given, KeyKind.AZURE_OPENAI, private=PRIVATE)
    assert told in refused.value.message


def test_a_version_at_another_key_is_refused_with_the_kind_that_takes_it() -> None:
    with pytest.raises(BaseUrlNotAllowed, match="AZURE_OPENAI"):
        base_url.normalised(f"{AZURE}/v1?api-version=2024-10-21")


@pytest.mark.parametrize(
    "pasted", ["https://a.example.org/v1/chat/completions", "https://a.example.org/v1/models"]
)
def test_the_address_of_a_call_stands_for_the_base_url(pasted: str) -> None:
    assert base_url.normalised(pasted) == "https://a.example.org/v1"


@pytest.mark.promise("S46")
@pytest.mark.parametrize(
    "given",
    [
        "http://api.openai.com/v1",
        "http://127.0.0.1:9001/v1",
        "http://127.0.0.1/v1",
        "https://127.0.0.1:9001/v1",
        "https://127.1/v1",
        "https://2130706433/v1",
        "https://0x7f.0.0.1/v1",
        "https://0x7f.1/v1",
        "https://example.0x1/v1",
        "https://[::1]/v1",
        "https://[::ffff:127.0.0.1]:7000/v1",
        "https://localhost/v1",
        "https://vault/v1",
        "https://-bad.example.org/v1",
        "https://exa_mple.org/v1",
        "https://example..org/v1",
        "https://ex%61mple.org/v1",
        "https://bücher.example/v1",
        "https://user@example.org/v1",
        "https://user:password@example.org/v1",
        "https://example.org@127.0.0.1:9000/v1",
        "https://example.org/v1?x=1",
        "https://example.org/v1?",
        "https://example.org/v1#",
        "https://example.org/../v1",
        "https://example.org/./v1",
        "https://example.org/%2e%2e/v1",
        "https://example.org//v1",
        "https://example.org\\@evil.example/v1",
        "https://example.org:0/v1",
        "https://example.org:99999/v1",
        "https://example.org:port/v1",
        "https:///v1",
        "https:example.org",
        "//example.org/v1",
        "example.org/v1",
        "ftp://example.org/v1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        " https://example.org/v1",
        "https://example.org/v1\n",
        "https://exam\tple.org/v1",
        "https://[::1/v1",
        "https://" + "a" * 64 + ".org/v1",
        "https://" + "a." * 300 + "org/v1",
    ],
)
def test_every_other_base_url_is_refused(given: str) -> None:
    with pytest.raises(BaseUrlNotAllowed) as refused:
        base_url.normalised(given, private=PRIVATE)
    assert refused.value.reason == "BASE_URL_NOT_ALLOWED"
