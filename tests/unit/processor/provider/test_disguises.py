"""An API key is recognised in every clothes that a provider may give it, and honest texts are left alone."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.provider.disguises import Disguises
from tests.support.disguises import spelled

KEYS = (
    "sk-proj-Zk3_9QxT-b7LmWv2HsRd8YfKc0JgNpEa5UtXi1OoBq6",
    "sk-live-1234567890abcdef1234567890abcdef",
    "abcdefghijklmnopqrstuvwx",
    "QWERTZUIOPASDFGHJKLYXCVB",
    "1234567890123456",
    "sk-no-key-required",
    "no-key-is-required-here",
    "a!b@c#d$e%f^g&h*",
    "p&q=r+s/t%xyzw12kl",
)
LETTERS = st.sampled_from(string.ascii_letters + string.digits + "-_")
HONEST = (
    "Dear Ada,\n\nI saw that Acme opened a plant in Graz. 100% of our clients save 6 hours a week & more.",
    '{"score": 7, "reason": "Größe & Lage: 5\\u00b0 am Fluß", "tags": ["a", "b"]}',
    "See https://example.com/a%20b?utm_source=mail&utm_medium=x%2Fy or write to a.b+c@example.com =3D.",
    "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16",
    "------------------------------------------------\n================================",
    "Ihr Schlüssel zum Erfolg: こんにちは世界。Привет, мир! 🎉👩‍👩‍👧‍👦",
    "deadbeef" * 8,
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE",
    "C:\\users\\new\\x41 \\u{zz} %zz %u12 &#99999999; &nosuchname; \\777 0xZZ",
)


@pytest.mark.promise("S45", "S01")
@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_seen_in_all_clothes(key: str) -> None:
    disguises = Disguises(key)
    missed = [name for name, form in spelled(key).items() if not disguises.are_in(f"Well: {form}. So")]
    assert missed == []


@pytest.mark.promise("S45", "S01")
@given(st.text(LETTERS, min_size=20, max_size=255), st.text(max_size=40), st.text(max_size=40), st.data())
def test_any_key_is_seen_beside_any_text(key: str, before: str, after: str, data: st.DataObject) -> None:
    if len({*filter(str.isalnum, key.lower())}) < 8 or sum(map(str.isalnum, key)) < 12:
        return
    name = data.draw(st.sampled_from(sorted(spelled(key))))
    # A letter or digit right beside an escape would belong to it.
    assert Disguises(key).are_in(f"{before}; {spelled(key)[name]} ;{after}"), name


@pytest.mark.promise("S45")
def test_the_secret_part_of_a_key_is_seen_without_the_rest() -> None:
    secret = "1a2b3c4d5e6f7g8h9i0jAB"
    disguises = Disguises(f"sk-proj-{secret}-Zz")
    assert disguises.are_in(f"after sk-proj comes {secret}")
    assert disguises.are_in(secret[::-1])
    assert disguises.are_in(secret.encode().hex())


@pytest.mark.parametrize("key", [*KEYS, "0000000000000000", "----_----_----_----", "aaaaaaaaaaaaaaaaaaaa"])
def test_honest_texts_are_left_alone(key: str) -> None:
    disguises = Disguises(key)
    assert [text for text in HONEST if disguises.are_in(text)] == []


@pytest.mark.parametrize("key", ["0000000000000000", "----------------", "aaaaaaaaaaaaaaaaaaaa"])
def test_of_a_plain_key_its_own_spelling_alone_is_seen(key: str) -> None:
    assert Disguises(key).are_in(f"it is {key}.")
    assert not Disguises(key).are_in(" ".join(key))


def test_the_words_of_a_key_of_words_may_be_said() -> None:
    disguises = Disguises("no-key-is-required")
    assert not disguises.are_in("No key is required. As I said: no key\nis required!")
    assert disguises.are_in("No key is required: no-key-is-required")
    assert disguises.are_in("No key is required: NO-KEY-IS-REQUIRED")
    assert disguises.are_in("No key is required: nokeyisrequired")
    assert disguises.are_in("no key is req uired")


@given(st.text(max_size=300))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert not Disguises(KEYS[0]).are_in(text)


@pytest.mark.promise("S45")
@pytest.mark.parametrize(
    ("word", "hidden"),
    [
        ("abcdefghijklmnopqrstuvwx", True),
        ("abcdefghijkl", True),
        ("klmnop", True),
        ("xwvutsrq", True),
        ("a_b_c_d_e_f", True),
        ("model_not_found", False),
        ("invalid_request_error", False),
    ],
)
def test_a_code_shows_no_piece_of_a_key(word: str, hidden: bool) -> None:
    assert Disguises("abcdefghijklmnopqrstuvwx").hide(word) is hidden


def test_a_key_is_in_no_repr() -> None:
    assert KEYS[0] not in repr(Disguises(KEYS[0]))


@pytest.mark.promise("S45")
@pytest.mark.parametrize(
    "piece", ["a ", "é", "\\u0041", "%2541", "&amp;#65;", "\\", "&#1;", "sk-proj-Zk3", "0x41,", "=41 ", "𝐚"]
)
def test_the_time_grows_with_the_text_alone(piece: str) -> None:
    disguises, times = Disguises(KEYS[0]), []
    for size in (20_000, 200_000):
        text = piece * (size // len(piece))
        began = time.thread_time()
        for _ in range(3):
            disguises.are_in(text)
        times.append(time.thread_time() - began)
    # Ten times the text takes ten times as long; a square would take a hundred times.
    assert times[1] < 40 * max(times[0], 0.001)
