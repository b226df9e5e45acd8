"""Which URLs of people may be called, judged by the same rules for API keys and for webhooks (S46)."""

import socket
from collections.abc import Callable, Iterator

import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from services.common.called_urls import UrlRefused, called_url
from services.common.errors import DomainError
from services.processor.provider.addresses import Endpoints
from services.vault.api_keys import base_url

LISTED = ("127.0.0.1:9000", "Provider.internal:8080", "[::1]:7000", "10.1.2.3:443")
ENDPOINTS = Endpoints(LISTED)
JUDGES: dict[str, Callable[[str], str]] = {
    "a key that is saved": lambda url: base_url.normalised(url, private=LISTED),
    "a key that is used": ENDPOINTS.completions_url,
    "a webhook, saved and called": ENDPOINTS.webhook_url,
}
#: Spellings of hosts inside, or of none.
HOSTS = (
    "localhost",
    "localhost.",
    "LOCALHOST",
    "vault",
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.0x1",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "00000000177.0.0.1",
    "0",
    "0.0.0.0",
    "10.1.2.3.4",
    "169.254.169.254",
    "8.8.8.8",
    "1.1",
    "example.0x1",
    "example.1",
    "example.org.1.",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::127.0.0.1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[2606:4700::1111]",
    "[v1.x]",
    "[::1",
    "::1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "ｌocalhost",
    "localhost\u3002",
    "ex\u00adample.org",
    "ex\u200bample.org",
    "bücher.example",
    "ex%61mple.org",
    "%6c%6f%63alhost",
    "%31%32%37.0.0.1",
    "example.org%00.evil.example",
    "-bad.example.org",
    "bad-.example.org",
    "exa_mple.org",
    "example..org",
    ".example.org",
    "example.org..",
    "*.example.org",
    "exam ple.org",
    "exam\tple.org",
    "example.org\n",
    "a" * 64 + ".org",
    "a." * 300 + "org",
    "",
    ".",
    "me@example.org",
    "me:secret@example.org",
    "@example.org",
    "example.org@127.0.0.1:9000",
    "example.org:80@127.0.0.1",
    "127.0.0.1:9000@example.org",
    "example.org\\@127.0.0.1",
    "127.0.0.1\\.example.org",
    "example.org#@127.0.0.1",
    "example.org:0",
    "example.org:99999",
    "example.org:port",
    "example.org:-1",
    "example.org:４43",
    "127.0.0.1:9001",
    "provider.internal.evil:8080:80",
)
OTHERS = (
    "",
    "example.org",
    "//example.org/",
    "https:",
    "https:example.org",
    "https:/example.org",
    "https:///example.org",
    "http://example.org/",
    "http://provider.internal:8081/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:9000/",
    "javascript:alert(1)",
    "httpsx://example.org/",
    " https://example.org/",
    "https://example.org/ ",
    "https://example.org/#",
    "https://example.org/#part",
    "https://example.org/\u00e4",
    "https://example.org/\x7f",
)


@pytest.mark.promise("S46")
@pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
@pytest.mark.parametrize("url", [*(f"https://{host}/v1" for host in HOSTS), *OTHERS[1:]])
def test_a_url_that_may_lead_inside_is_refused_by_all(judge: Callable[[str], str], url: str) -> None:
    with pytest.raises(DomainError) as refused:
        judge(url)
    assert refused.value.reason in ("BASE_URL_NOT_ALLOWED", "WEBHOOK_URL_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.COM.:443/hook", "https://example.com/hook"),
        ("https://example.com:8443/hook?a=b%20c&d=", "https://example.com:8443/hook?a=b%20c&d="),
        ("https://example.com?a=b", "https://example.com?a=b"),
        ("https://example.com/Hook/?A=B", "https://example.com/Hook/?A=B"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://1.example.com/", "https://1.example.com/"),
        ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"),
        ("http://PROVIDER.internal:8080/x", "http://provider.internal:8080/x"),
        ("http://[::1]:7000/x", "http://[::1]:7000/x"),
        ("https://10.1.2.3/x", "https://10.1.2.3/x"),
    ],
)
def test_a_webhook_has_one_spelling(given: str, kept: str) -> None:
    assert ENDPOINTS.webhook_url(given) == kept
    assert ENDPOINTS.webhook_url(kept) == kept


def test_a_refusal_says_why_and_nothing_of_what_is_there() -> None:
    with pytest.raises(DomainError) as refused:
        ENDPOINTS.webhook_url("https://localhost/")
    assert refused.value.violations == (("url", "its host is not a full host name"),)
    with pytest.raises(DomainError) as other:
        ENDPOINTS.webhook_url("https://no-such-host/")
    assert other.value.violations == refused.value.violations


def addresses_of(host: str) -> Iterator[bytes]:
    """Yield what the C library takes a text for without asking anybody."""
    try:
        yield socket.inet_aton(host)
    except OSError:
        return


@pytest.mark.promise("S46")
@given(
    st.text(st.sampled_from("0123456789abcdefxX.:[]-_%@\\/?#１。"), max_size=20)
    | st.lists(
        st.sampled_from(["127", "0x7f", "0177", "1", "org", "example", "localhost", ""]), max_size=5
    ).map(".".join)
    | st.ip_addresses().map(str)
)
def test_no_host_that_is_taken_is_an_address_or_another_host_to_the_client(host: str) -> None:
    try:
        called = called_url(f"https://{host}/v1")
    except UrlRefused:
        return
    assert list(addresses_of(called.host)) == []
    assert yarl.URL(str(called)).host == called.host
    assert str(called_url(str(called))) == str(called)
