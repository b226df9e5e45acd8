"""E-mail addresses: one spelling per mailbox, and a refusal for what is not a plain address."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.auth.accounts.emails import EmailInvalid, normalise


@pytest.mark.parametrize(
    ("spelling", "normal"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.Lovelace@EXAMPLE.Com", "ada.lovelace@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("\u00a0ada@example.com\u3000", "ada@example.com"),
        ("ada+news@example.com", "ada+news@example.com"),
        ("a.d.a@example.com", "a.d.a@example.com"),
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
        ("1@1.example", "1@1.example"),
        ("jo\u0308rg@example.com", "jörg@example.com"),
        ("JÖRG@example.com", "jörg@example.com"),
        ("жозеф@пример.рф", "жозеф@xn--e1afmkfd.xn--p1ai"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("straße@straße.example", "straße@xn--strae-oqa.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_spellings_of_one_mailbox_become_one_address(spelling: str, normal: str) -> None:
    assert normalise(spelling) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@@example.com",
        "ada@example@com",
        "ada@example",
        "ada@localhost",
        "ada@example.com.",
        "ada@.example.com",
        "ada@example..com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "a da@example.com",
        "ada@exa mple.com",
        "ada\n@example.com",
        "ada@example.com\nbcc:eve@example.com",
        "ada\x00@example.com",
        "ada\x7f@example.com",
        '"ada"@example.com',
        "ada(comment)@example.com",
        "Ada <ada@example.com>",
        "ada,eve@example.com",
        "ada@127.0.0.1",
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "ada@-example.com",
        "ada@example-.com",
        "ada@exa_mple.com",
        "ada@ab--cd.example",
        "ada@xn--a.example",
        "ada@xn--.example",
        "ada@😀.example",
        "😀@example.com",
        "ada＠example.com",
        "ａｄａ@example.com",
        "ada@ｅｘａｍｐｌｅ.com",
        "ada@example．com",
        "ada@example。com",
        "ﬁona@example.com",
        "ada\u200b@example.com",
        "ada\u200d@example.com",
        "ada\u00ad@example.com",
        "ada\u202e@example.com",
        "\ufeffada@example.com",
        "ada\u3164@example.com",
        "\u0301ada@example.com",
        "ada\ud800@example.com",
        "ada@\ud800.example",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".example",
        "ada@" + "a." * 126 + "aa",
        "a" * 64 + "@" + ("b" * 60 + ".") * 3 + "b" * 8,
    ],
)
def test_what_is_not_a_plain_address_is_refused(text: str) -> None:
    with pytest.raises(EmailInvalid) as refused:
        normalise(text)
    assert refused.value.violations[0][0] == "email"


@pytest.mark.parametrize("control", [*map(chr, range(32)), *map(chr, range(127, 160)), "\u2028", "\u2029"])
def test_a_control_character_is_refused_wherever_it_stands(control: str) -> None:
    for text in (
        f"{control}ada@example.com",
        f"ada@example.com{control}",
        f"ada{control}@example.com",
        f"ada@exa{control}mple.com",
        f" ada@example.com {control} ",
    ):
        with pytest.raises(EmailInvalid):
            normalise(text)


def test_look_alikes_stay_two_addresses() -> None:
    assert normalise("аda@example.com") != normalise("ada@example.com")


def test_the_longest_address_has_254_octets() -> None:
    longest = "a" * 64 + "@" + ("b" * 60 + ".") * 3 + "b" * 6
    assert len(normalise(longest)) == 254


ADDRESSES = st.builds(
    "{}@{}".format,
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=12),
    st.from_regex(r"[A-Za-zÀ-ɏͰ-ӿ0-9-]{1,8}\.[A-Za-zÀ-ɏ]{2,5}", fullmatch=True),
)


@given(ADDRESSES | st.text(max_size=40))
@example("İ@example.com")
@example("ΑΣ@example.com")
@example("K@example.com")
@example("ǅ@example.com")
@example("ᾈ@ᾈ.example")
def test_normalising_twice_changes_nothing_and_never_crashes(text: str) -> None:
    try:
        once = normalise(text)
    except EmailInvalid:
        return
    assert normalise(once) == once


@given(st.from_regex(r"[a-z0-9+.-]{1,20}@[a-z0-9]{1,10}\.[a-z]{2,6}", fullmatch=True))
def test_case_and_space_around_never_make_a_second_address(text: str) -> None:
    try:
        normal = normalise(text)
    except EmailInvalid:
        return
    assert normalise(f" {text.upper()}  ") == normal == text
