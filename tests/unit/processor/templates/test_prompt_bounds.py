"""What a prompt may come to, known before it is made, and what it costs to find out."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from services.processor.jobs.plan import Snapshot, Step
from services.processor.templates.errors import PromptTooLarge, TemplateInvalid
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import MOST_BYTES, MOST_NAMES, Prompt, bind_prompt, parse_prompt
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.trials.estimates import Bound, reckon
from services.processor.trials.mock_values import mocks

pytestmark = pytest.mark.promise("S59")

COLUMNS = tuple(f"c{number}" for number in range(100))


def _bound(text: str, columns: Sequence[str] = COLUMNS, **values: str) -> Prompt:
    return bind_prompt(
        parse_prompt(text), Columns(columns), template="templates/t", variables=CustomValues(values)
    )


def _step(prompt: str, output: str = "Out") -> Step:
    return Step(f"templates/{output}", PromptSettings(prompt, output))


def test_a_prompt_that_is_too_large_with_its_variables_alone_is_refused_before_any_row() -> None:
    with pytest.raises(PromptTooLarge) as refused:
        _bound("{{$A}}" * 8333, A="x" * 10_000)
    assert refused.value.metadata == {"template": "templates/t"}


@pytest.mark.parametrize(("letter", "size"), [("x", 1), ("é", 2), ("𝄞", 4)])
def test_the_size_of_a_prompt_is_that_of_its_bytes(letter: str, size: int) -> None:
    prompt = _bound("é{{c0}}{{c1}}{{$A}}{{c0}}", A="éé")
    for values in ([letter * 10, letter, *[""] * 98], [letter, "", *[""] * 98]):
        assert prompt.size(values) == len(prompt.render(values).encode())
    times = (MOST_BYTES - 6) // 2 // size
    prompt.render([letter * times, "", *[""] * 98])
    with pytest.raises(PromptTooLarge):
        prompt.render([letter * (times + 1), "", *[""] * 98])


def test_a_prompt_that_is_too_large_is_never_made() -> None:
    prompt = _bound("{{c0}}" * 8000)
    began = time.thread_time()
    with pytest.raises(PromptTooLarge):
        prompt.render(["x" * 100_000, *[""] * 99])
    # 800 MB would take a hundred times as long.
    assert time.thread_time() - began < 0.02


def test_of_a_chain_as_much_counts_as_is_known() -> None:
    steps = (_step("a", "Out"), _step("{{c0}}{{c0}}{{Out}}", "Two"))
    prompt = Snapshot(("c0",), steps, "").prompts()[1]
    assert prompt.size(["abc"]) == 6
    with pytest.raises(PromptTooLarge):
        prompt.check_size(["x" * (MOST_BYTES // 2 + 1)])


def test_a_prompt_has_so_many_different_names_and_no_more() -> None:
    most = "".join(f"{{{{n{number}}}}}" for number in range(MOST_NAMES))
    assert len(parse_prompt(most * 2)) == MOST_NAMES * 2
    with pytest.raises(TemplateInvalid) as refused:
        parse_prompt(most + "{{one more}}")
    assert refused.value.violations == (("prompt", "has more than 500 different variables"),)


def _cost(work: Callable[[int], object], size: int) -> float:
    costs = []
    for _ in range(3):
        began = time.thread_time()
        work(size)
        costs.append(time.thread_time() - began)
    return max(min(costs), 0.001)


def _bind(holes: int) -> object:
    return _bound("{{C99}}" * holes)


def _bind_wide(columns: int) -> object:
    names = [f"n{number}" for number in range(columns)]
    return bind_prompt(
        parse_prompt("".join(f"{{{{N{each % columns}}}}}" for each in range(500))), Columns(names)
    )


def _variables(count: int) -> object:
    values = {f"v{number}": "x" for number in range(count)}
    return _bound("".join(f"{{{{$V{count - 1 - number % 500}}}}}" for number in range(7000)), **values)


def _mocked(steps: int) -> Mapping[str, str]:
    return mocks(
        [_step("".join(f"{{{{u{step}n{number}}}}}" for number in range(500))) for step in range(steps)],
        COLUMNS,
        variables={},
        given={},
    )


def _reckoned(rows: int) -> object:
    steps = tuple(_step("{{c1}}{{c2}}" * 4000, f"Out{number}") for number in range(5))
    return reckon(Bound.of(Snapshot(COLUMNS, steps, "")), [["x"] * 100] * rows, rows=rows)


@pytest.mark.parametrize(
    ("work", "size"),
    [(_bind, 3500), (_bind_wide, 2000), (_variables, 500), (_mocked, 10), (_reckoned, 75)],
)
def test_more_names_cost_as_much_more_work(work: Callable[[int], object], size: int) -> None:
    # Four times as many cost 4 times if the cost is linear, and 16 times if it is quadratic.
    assert _cost(work, size * 4) < 8 * _cost(work, size)


def test_the_largest_estimate_is_little_work() -> None:
    steps = tuple(_step("{{c1}}" * 8000, f"Out{number}") for number in range(20))
    began = time.thread_time()
    reckon(Bound.of(Snapshot(COLUMNS, steps, "")), [["x"] * 100] * 150, rows=150)
    # It was 20 seconds when each row went through each hole.
    assert time.thread_time() - began < 2


def test_a_row_whose_prompt_is_too_large_costs_nothing_in_an_estimate() -> None:
    work = Bound.of(Snapshot(("c0",), (_step("{{c0}}" * 11),), ""))
    small, large = ["x" * 100], ["x" * 100_000]
    half = reckon(work, [small, large], rows=2).low.input
    assert half == reckon(work, [small], rows=1).low.input


async def test_a_prompt_of_many_segments_is_put_together_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    makers: list[bool] = []
    render = Prompt.render

    def watched(self: Prompt, values: Sequence[str]) -> str:
        makers.append(threading.current_thread() is threading.main_thread())
        return render(self, values)

    monkeypatch.setattr(Prompt, "render", watched)
    values = ["v"] * len(COLUMNS)
    for holes in (10, 10_000):
        prompt = _bound("{{c0}} " * holes)
        assert await prompt.rendered(values, account="ada") == "v " * holes
    assert makers == [True, False]
