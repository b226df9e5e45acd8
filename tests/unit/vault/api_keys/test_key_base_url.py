"""Which base URLs a key may be saved for, and in which spelling."""

import pytest

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
