"""What auto-fix removes from an answer, and what must stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.answers.autofix import fix

HOOK = "Your team ships twice a week, Ada."


@pytest.mark.parametrize(
    "preamble",
    [
        "Here's a hook: ",
        "Here’s a hook:\n\n",
        "Here is the email you asked for:\n",
        "Here are three options:\n\n",
        "Here's a personalized cold email for Ada at Acme:\n\n",
        "Below is a draft:\n",
        "Sure! ",
        "Sure thing! ",
        "Sure, here is a hook for you: ",
        "Certainly! ",
        "Certainly, here's one idea: ",
        "Certainly, a hook for Acme: ",
        "Absolutely! ",
        "Of course! Here's your message:\n\n",
        "I'd be happy to help! ",
        "SURE! HERE'S A HOOK: ",
        "Here you go:\n",
        "Here's one: ",
        "Okay, here's a hook: ",
        "Great! Here's a hook for Ada: ",
        "Certainly! Below is a concise opener.\n\n",
        "Certainly! Below is a concise opener. ",
        "**Here's a hook:**\n\n",
        "Here's a hook:\n\n---\n\n",
        "Hier ist ein Aufhänger für Ada: ",
        "Bien sûr ! Voici une accroche :\n\n",
        "¡Claro! Aquí tienes un gancho:\n\n",
    ],
)
def test_a_preamble_is_taken_off(preamble: str) -> None:
    fixed = fix(preamble + HOOK)
    assert (fixed.text, fixed.found) == (HOOK, frozenset({"has_preamble"}))


@pytest.mark.parametrize(
    "text",
    [
        "Sure, you could hire another ten people.",
        "Surely your team ships twice a week: I counted.",
        "Here's the thing: outreach is broken.",
        "Here's why your emails fail: nobody reads them.",
        "Here is where it gets interesting: you ship weekly.",
        "Certainly the best quarter so far.",
        "Absolutely everyone at Acme ships twice a week.",
        "Of course your email matters.",
        "This is a message worth reading.",
        "Subject: Here's a hook",
        "Dear Ada:\nHere's a hook",
        "Sure!",
        "Here's a hook:",
        "A hook: short and sweet.",
        "Absolutely loved your post on difference engines: the part about carrying made me laugh.",
        "Here's an idea for Analytical Engines: let ten people try it.",
        "Here's a hook your team could test: ship on Fridays.",
        "Certainly! is not what you hear.",
        "Based on your last post, here's an idea: publish the numbers.",
        "Hi Ada,\n\nHere's a hook:\n\nlooms never sleep.",
    ],
)
def test_what_only_begins_like_a_preamble_stays(text: str) -> None:
    assert (fix(text).text, fix(text).found) == (text, frozenset())


@pytest.mark.parametrize(
    "postamble",
    [
        "\n\nLet me know!",
        "\n\nLet me know if you'd like me to change the tone.",
        "\n\nLet me know if you need any changes!",
        "\n\nI hope this helps.",
        "\nI hope this helps you reach Ada!",
        "\n\nFeel free to adjust the tone.",
        "\n\nWould you like me to write another version?",
        "\n\nIs there anything else I can do?",
        "\n\n---\nLet me know if you'd like it shorter.",
        "\n\nHope this helps! Let me know if you'd like another version.",
        "\n\n(7 words)",
        "\n\nThis hook references Ada's release notes and keeps the tone light.",
        "\n\n---\n\n**Why this works:**\n- It is short.\n- It is true.",
        "\n\nLass mich wissen, wenn du Änderungen möchtest.",
        "\n\nSouhaitez-vous que je rédige une autre version ?",
        "\n\n¿Quieres que escriba otra versión?",
    ],
)
def test_a_postamble_is_taken_off(postamble: str) -> None:
    fixed = fix(HOOK + postamble)
    assert (fixed.text, fixed.found) == (HOOK, frozenset({"has_postamble"}))


@pytest.mark.parametrize(
    "text",
    [
        "Open to a chat? Let me know what works on Tuesday.",
        "Let me know if you are free next week.",
        "Let me know!",
        "Hope this helps!",
        "We hope this helps your customers, and so does Ada.",
        "They hope it works. It does.",
        "Feel free to reply with a time that suits you.",
        "Would you like a demo next week?",
        "Two days on invoices. Let me know if you'd like me to send over a case study.",
        "Two days on invoices.\n\nLet me know if you'd like me to send over a case study.",
        "Two days on invoices.\n\nWould you like to see how?",
        "Open to a chat on Tuesday? Let me know!",
        "Open to a chat on Tuesday?\n\nLet me know!",
        "Hi Ada,\n\nthe numbers are attached.\n\nHope this helps!",
        "The numbers you asked for are attached. Hope this helps!",
        "One rule\n\n---",
    ],
)
def test_what_only_ends_like_a_postamble_stays(text: str) -> None:
    assert (fix(text).text, fix(text).found) == (text, frozenset())


@pytest.mark.parametrize(
    "text", [f'"{HOOK}"', f"“{HOOK}”", f"«{HOOK}»", f"„{HOOK}“", f"'{HOOK}'", f"‘{HOOK}’", f' "{HOOK}"\n']
)
def test_quotation_marks_around_the_whole_are_taken_off(text: str) -> None:
    assert (fix(text).text, fix(text).found) == (HOOK, frozenset({"has_quotes"}))


def test_an_apostrophe_is_no_quotation_mark() -> None:
    assert fix("'It's Ada's turn'").text == "It's Ada's turn"


@pytest.mark.parametrize(
    "text",
    [
        '"Fast" is what Ada calls "slow"',
        '"Fast" is what Ada calls it.',
        'Ada says "fast"',
        "“One” and “two”",
        '"',
        '""',
        "'90s music and rock 'n' roll'",
    ],
)
def test_quotation_marks_inside_stay(text: str) -> None:
    assert (fix(text).text, fix(text).found) == (text, frozenset())


def test_everything_at_once_is_taken_off() -> None:
    fixed = fix(f"Sure! Here's a hook:\n\n\"{HOOK}\"\n\nLet me know if you'd like another version!")
    assert (fixed.text, fixed.found) == (HOOK, frozenset({"has_preamble", "has_postamble", "has_quotes"}))


@given(st.text())
def test_nothing_is_lost_but_wrapping_and_nothing_becomes_empty(text: str) -> None:
    fixed = fix(text)
    assert fixed.text in text
    assert bool(fixed.text.strip()) == bool(text.strip())
    assert fixed.found or fixed.text == text


def test_a_megabyte_of_anything_takes_no_time() -> None:
    for piece in ("\n", " ", "a", "[", "{{", "sure ", "let me know ", "hope this ", '"'):
        fix(piece * (1024 * 1024 // len(piece)))
