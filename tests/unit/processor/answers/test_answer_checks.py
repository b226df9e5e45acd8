"""Every flag: answers that have it, and answers that do not."""

import pytest

from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.plan import Snapshot, Step
from services.processor.templates.prompt_settings import PromptSettings

LONG_ENOUGH = "Fifteen characters and more. "


def flagged(
    text: str,
    *,
    prompt: str = "Write a hook",
    columns: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    characters: int = 0,
    words: int = 0,
    forbidden: tuple[str, ...] = (),
) -> set[str]:
    step = Step("templates/t", PromptSettings(prompt, "Out", "m", 0.7, 500, characters, words, forbidden))
    (bound,) = Snapshot(columns, (step,), "").prompts()
    _, bits = AnswerChecks(step.settings, bound).check([text], values)
    return set(flags.names(bits))


def test_the_flags_are_these_with_their_severities() -> None:
    by_severity = {
        severity: [name for name, each in flags.SEVERITIES.items() if each.value == severity]
        for severity in ("ERROR", "WARNING", "INFO")
    }
    assert by_severity == {
        "ERROR": ["forbidden_word", "has_placeholder", "has_ai_speak"],
        "WARNING": ["too_short", "over_char_limit", "over_word_limit", "has_cliche", "generic"],
        "INFO": ["has_preamble", "has_postamble", "has_quotes", "has_thinking", "unknown_finish"],
    }


def test_the_stored_number_of_flags_is_a_format() -> None:
    assert [flags.mask([name]) for name in flags.SEVERITIES] == [2**place for place in range(13)]
    assert flags.names(flags.mask(["has_quotes", "generic"])) == ("generic", "has_quotes")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("cheap", "This is CHEAP, Ada, really."),
        ("Free Trial", "Start your free\n trial today, Ada."),
        ("100% off", "Now with 100% off, only today."),
        ("straße", "Die STRASSE? Nein: die Straße."),
        ("c++", "Written in C++ by us all."),
        ("don't", "You don’t count the cards."),
        ("don’t", "You don't count the cards."),
        ("café", "A cafe\u0301 in Porto, at noon."),
        ("cafe\u0301", "A café in Porto, at noon."),
        ("on-call", "Who is on\u2011call in Leeds?"),
        ("ledger", "The led\u00adger is late, Ada."),
    ],
)
def test_a_forbidden_word_is_found_whole_in_any_case(word: str, text: str) -> None:
    assert flagged(text, forbidden=("other", word)) == {"forbidden_word"}


@pytest.mark.parametrize("text", ["A cheaper way to do this.", "Dirtcheap is one word, Ada.", LONG_ENOUGH])
def test_a_part_of_a_word_is_not_forbidden(text: str) -> None:
    assert flagged(text, forbidden=("cheap", " ")) == set()


@pytest.mark.parametrize(
    "hole",
    [
        "[Name]",
        "[name]",
        "[Your Company]",
        "[insert number here]",
        "{Company}",
        "{first_name}",
        "{{x}}",
        "{{}}",
    ],
)
def test_a_placeholder_is_found(hole: str) -> None:
    assert flagged(f"Hello {hole}, how is business?") == {"has_placeholder"}


@pytest.mark.parametrize(
    "text",
    [
        "See [1] and [2, 3].",
        "[docs](https://a.example)",
        "[x] done [ ] not",
        "the set {1, 2}",
        "e^{x}",
        "so [sic]",
    ],
)
def test_other_brackets_are_no_placeholder(text: str) -> None:
    assert flagged(f"{LONG_ENOUGH}{text}") == set()


@pytest.mark.parametrize(
    "text",
    [
        "As an AI, I have no opinion.",
        "as a large language model",
        "As an AI language model I",
        "I cannot help with that.",
        "I cannot write about this company.",
        "I can't assist with that request.",
        "I’m unable to browse the web.",
        "I am not able to provide this.",
        "I don't have access to current data.",
        "I'm just an AI.",
    ],
)
def test_ai_speak_is_found(text: str) -> None:
    assert flagged(f"{LONG_ENOUGH}{text}") == {"has_ai_speak"}


@pytest.mark.parametrize(
    "text",
    [
        "As an aide to the mayor, you know this.",
        "I cannot wait to meet you.",
        "I cannot recommend this enough.",
        "I can't wait.",
        "You cannot help everyone.",
        "We build AI for as an industry.",
        "I can't help but notice your growth.",
    ],
)
def test_what_people_say_is_no_ai_speak(text: str) -> None:
    assert flagged(f"{LONG_ENOUGH}{text}") == set()


@pytest.mark.parametrize(
    ("text", "short"), [("x" * 14, True), (" " + "x" * 14 + "\n", True), ("x" * 15, False)]
)
def test_under_fifteen_characters_is_too_short(text: str, short: bool) -> None:
    assert flagged(text) == ({"too_short"} if short else set())


@pytest.mark.parametrize(("length", "over"), [(30, False), (31, True)])
def test_the_character_limit_counts_characters(length: int, over: bool) -> None:
    assert flagged("é" * length, characters=30) == ({"over_char_limit"} if over else set())


@pytest.mark.parametrize(("count", "over"), [(10, False), (11, True)])
def test_the_word_limit_counts_words(count: int, over: bool) -> None:
    assert flagged("wörd\n" * count, words=10) == ({"over_word_limit"} if over else set())


def test_a_limit_of_zero_is_none() -> None:
    assert flagged("word " * 500) == set()


@pytest.mark.parametrize(
    "text",
    [
        "I hope this finds you well.",
        "Hope this email finds you well",
        "I hope you are doing well.",
        "Let's circle back on this.",
        "Just touching base.",
        "It's a game-changer.",
        "We'd love to pick your brain.",
        "Low-hanging fruit everywhere.",
    ],
)
def test_a_cliche_is_found(text: str) -> None:
    assert flagged(f"{LONG_ENOUGH}{text}") == {"has_cliche"}


@pytest.mark.parametrize(
    "text", ["Draw a circle on its back.", "We touched the base plate.", "It finds you wells of water."]
)
def test_other_words_are_no_cliche(text: str) -> None:
    assert flagged(f"{LONG_ENOUGH}{text}") == set()


@pytest.mark.parametrize(
    ("text", "values", "generic"),
    [
        ("Hello ADA, how is business?", ("Ada", "Acme"), False),
        ("How is business at acme today?", ("Ada", "Acme"), False),
        ("How is business these days?", ("Ada", "Acme"), True),
        ("How is business these days?", ("", " "), False),
        ("Canada is a large country.", ("Ada", ""), True),
        ("Ada Lovelace & Co are known.", (" Ada Lovelace ", ""), False),
    ],
)
def test_generic_is_an_answer_with_none_of_the_values(
    text: str, values: tuple[str, str], generic: bool
) -> None:
    found = flagged(text, prompt="{{Name}} at {{Company}}", columns=("Name", "Company"), values=values)
    assert found == ({"generic"} if generic else set())


def test_a_column_that_the_prompt_does_not_use_says_nothing() -> None:
    found = flagged(
        "Welcome to Acme, dear reader.",
        prompt="{{Name}}",
        columns=("Name", "Company"),
        values=("Ada", "Acme"),
    )
    assert found == {"generic"}
    assert flagged("Welcome to Acme, dear reader.", columns=("Name",), values=("Ada",)) == set()


def test_checks_are_made_of_the_answer_without_its_wrapping() -> None:
    assert flagged("Sure! Hi there", characters=10) == {"has_preamble", "too_short"}


def test_values_of_a_json_answer_are_kept_as_they_are_and_may_be_short() -> None:
    schema = '{"type":"object","properties":{"score":{"type":"integer"},"reason":{"type":"string"}}}'
    settings = PromptSettings("{{Name}}", "Fit", forbidden_words=("bad",), json_schema=schema)
    step = Step("templates/t", settings)
    (prompt,) = Snapshot(("Name",), (step,), "").prompts()
    texts, bits = AnswerChecks(step.settings, prompt).check(("7", "Sure! A bad fit for Ada."), ["Ada"])
    assert (texts, flags.names(bits)) == (("7", "Sure! A bad fit for Ada."), ("forbidden_word",))


def test_the_value_of_a_custom_variable_counts_as_one_of_the_prompt() -> None:
    step = Step("templates/t", PromptSettings("From {{$Sender}}", "Out"))
    (prompt,) = Snapshot((), (step,), "", (("Sender", "Grace"),)).prompts()
    check = AnswerChecks(step.settings, prompt).check
    assert flags.names(check(["Kind regards from Grace."], [])[1]) == ()
    assert flags.names(check(["Kind regards from somebody."], [])[1]) == ("generic",)
