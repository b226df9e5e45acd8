"""What a check of an answer costs: linear in its length, bounded, and beside the event loop when long."""

import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from services.common.aside import TooCostly
from services.processor.answers import autofix, checks, flags
from services.processor.answers.checks import MOST_CHARACTERS, AnswerChecks
from services.processor.answers.signs import ai_speak, cliches, generic, placeholders, plain
from services.processor.answers.whole_words import WholeWords
from services.processor.jobs.plan import Snapshot, Step
from services.processor.templates.prompt_settings import PromptSettings

pytestmark = pytest.mark.promise("S59")

# Repeated, each makes one of the patterns begin again and again, or go a long way and then back.
_PIECES = (
    *("a ", "a", " ", "\n", "i ", "as an ", "i can't ", "i do ", "{{", "{a", "[a", "hope my ", "in today's "),
    *("take your ", "take your a", "let me know if you want more ", ". let me know ", "\nlet me know", ".  "),
    *("here's a ", "sure, ", "sure!\n", "email ", "more ", "---\n", "voici une ", "soll ich den ton ", "'a"),
    *("+", "a+", "''", "“", "{a" + "b" * 60, "[a" + "b" * 60),
)
_ALIKE = tuple("a " * 48 + chr(ord("b") + nth) for nth in range(99))


def _patterns() -> Iterator[tuple[str, Callable[[str], object]]]:
    for module in (checks, autofix, ai_speak, cliches, placeholders, generic, plain):
        for name, value in vars(module).items():
            for nth, each in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(each, re.Pattern):
                    # Preambles are only looked for at the beginning.
                    search = each.match if "PREAMBLE" in name else each.search
                    yield f"{module.__name__.rpartition('.')[2]}{name}-{nth}", search


def _cost(work: Callable[[str], object], text: str) -> float:
    costs = []
    for _ in range(3):
        began = time.thread_time()
        work(text)
        costs.append(time.thread_time() - began)
    # Below this, the clock says more than the work.
    return max(min(costs), 0.0005)


def _grows(work: Callable[[str], object], piece: str) -> float:
    """Return how much more four times the text costs: 4 times if that is linear, 16 times if quadratic."""
    text = piece * (MOST_CHARACTERS // 8 // len(piece))
    return _cost(work, text * 4) / _cost(work, text)


#: Between linear and quadratic, as far from one as from the other: a busy machine doubles a figure at most.
_LINEAR = 8


def test_there_are_patterns_to_try() -> None:
    assert len(dict(_patterns())) == 9


@pytest.mark.parametrize(("name", "search"), [*_patterns()])
def test_longer_texts_cost_a_pattern_as_much_more(name: str, search: Callable[[str], object]) -> None:
    assert {piece for piece in _PIECES if _grows(search, piece) > _LINEAR} == set(), name


@pytest.mark.parametrize("phrases", [_ALIKE, ("+" * 50, "a+" * 30), ("a b",)])
def test_longer_texts_cost_forbidden_words_as_much_more(phrases: tuple[str, ...]) -> None:
    search = WholeWords(phrases).are_in
    assert {piece for piece in _PIECES if _grows(search, piece) > _LINEAR} == set()


@pytest.mark.parametrize("piece", _PIECES)
def test_longer_texts_cost_auto_fix_as_much_more(piece: str) -> None:
    assert _grows(autofix.fix, piece) < _LINEAR
    assert _grows(lambda text: autofix.fix(f"'{text}'"), piece) < _LINEAR


def test_a_short_tail_of_line_breaks_is_read_once() -> None:
    # 400 characters are read for a postamble: what is quadratic in them costs every answer as much.
    assert _cost(autofix.fix, "x" + "\n" * 390 + "x") < 20 * _cost(autofix.fix, "x" * 392)


def _checks(prompt: str = "hi", **settings: object) -> tuple[AnswerChecks, Step]:
    step = Step("templates/t", PromptSettings(prompt, "Out", **settings))  # type: ignore[arg-type]
    (bound,) = Snapshot(("Name", "Other"), (step,), "").prompts()
    return AnswerChecks(step.settings, bound), step


def test_beyond_its_bound_a_longer_answer_costs_hardly_more() -> None:
    check = _checks(forbidden_words=_ALIKE, word_limit=1_000_000, character_limit=10)[0].check
    longest = _cost(lambda text: check([text], ["", ""]), "a " * (MOST_CHARACTERS // 2))
    assert _cost(lambda text: check([text], ["", ""]), "a " * 500_000) < 3 * longest


def test_beyond_its_bound_an_answer_is_kept_and_measured_but_not_looked_at() -> None:
    check = _checks(forbidden_words=("cheap",), character_limit=10, word_limit=MOST_CHARACTERS)[0].check
    answer = "Sure! " + "a " * MOST_CHARACTERS + "cheap"
    texts, bits = check([answer], ["", ""])
    assert (texts, flags.names(bits)) == ((answer,), ("over_char_limit", "over_word_limit"))
    assert flags.names(check(["cheap " + answer], ["", ""])[1])[0] == "forbidden_word"


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_words_are_counted_over_the_whole_answer(over: int) -> None:
    answer = "word-of-13-ch " * 20_000
    check = _checks(word_limit=20_000 + over)[0].check
    assert ("over_word_limit" in flags.names(check([answer], ["", ""])[1])) == (over < 0)


async def test_a_long_answer_is_checked_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    plain = AnswerChecks.check

    def check(*arguments: object) -> object:
        threads.append(threading.current_thread())
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(AnswerChecks, "check", check)
    checked = _checks("{{Name}}")[0].checked
    await checked(["Hello Ada, how are you?"], ["Ada", "x" * 10_000], account="ada")
    await checked(["a " * 4096], ["Ada", ""], account="ada")
    await checked(["Hello Ada, how are you?"], ["Ada " * 4096, ""], account="ada")
    assert [thread is threading.main_thread() for thread in threads] == [True, False, False]


async def test_a_check_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_CPU_SECONDS", 0.001)
    with pytest.raises(TooCostly):
        await _checks(forbidden_words=_ALIKE)[0].checked(["a " * 30_000], ["", ""], account="ada")
