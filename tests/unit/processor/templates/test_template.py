"""Prompts with variables: every spelling, and a single pass of replacement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.templates.errors import AmbiguousVariable, TemplateInvalid, UnknownVariable
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import Variable, bind_prompt, parse_prompt

COLUMNS = ["First Name", "Company", "company size", "Company Size", " Padded "]


def rendered(text: str, columns: list[str], values: list[str]) -> str:
    return bind_prompt(parse_prompt(text), Columns(columns)).render(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no variables", "no variables"),
        ("{{First Name}}", "Ada"),
        ("{{  First Name\t}}!", "Ada!"),
        ("{{first NAME}}", "Ada"),
        ("{{First Name}}{{Company}}", "AdaAcme"),
        ("{{Company Size}} {{company size}}", "large small"),
        ("{{Padded}}", "p"),
        ("\\{{First Name}}", "{{First Name}}"),
        ("\\{{{{First Name}}}}", "{{Ada}}"),
        ("}} { } {", "}} { } {"),
        ("back\\slash {{Company}}", "back\\slash Acme"),
        ("", ""),
    ],
)
def test_variables_are_replaced(text: str, expected: str) -> None:
    assert rendered(text, COLUMNS, ["Ada", "Acme", "small", "large", "p"]) == expected


def test_a_cell_that_looks_like_a_variable_is_text() -> None:
    assert rendered("{{A}} {{B}}", ["A", "B"], ["{{B}}", "{{A}}"]) == "{{B}} {{A}}"


def test_an_empty_cell_is_the_empty_string() -> None:
    assert rendered("[{{A}}]", ["A"], [""]) == "[]"


def test_an_unknown_variable_is_named_with_its_template() -> None:
    with pytest.raises(UnknownVariable) as refused:
        bind_prompt(parse_prompt("{{Company Name}}"), Columns(["Town", "Company"]), template="templates/a")
    assert refused.value.metadata == {
        "variable": "Company Name",
        "template": "templates/a",
        "nearest": "Company",
        "columns": "Town, Company",
    }
    assert refused.value.message == (
        "Unknown variable {{Company Name}} in template templates/a; the nearest column is Company; "
        "the columns are: Town, Company"
    )


def test_a_name_that_is_like_no_column_has_no_nearest_one() -> None:
    with pytest.raises(UnknownVariable) as refused:
        bind_prompt(parse_prompt("{{zzz}}"), Columns(["Town", "Company"]))
    assert "nearest" not in refused.value.metadata


def test_a_refusal_stays_short_however_long_names_are() -> None:
    columns = Columns([f"{number} " + "long name " * 100 for number in range(100)])
    with pytest.raises(UnknownVariable) as refused:
        bind_prompt(parse_prompt("{{" + "long name " * 100 + "}}"), columns)
    assert len(refused.value.metadata["columns"]) <= 203
    assert len(refused.value.metadata["nearest"]) <= 63


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("{{Name}}", "\ufeffName"),
        ("{{Name}}", "\ufeff\u200bName\u200d\u00ad"),
        ("{{Company Name}}", "Company\u00a0Name"),
        ("{{Company Name}}", "Company  Name"),
        ("{{Company Name}}", "Company \t\u2009Name "),
        ("{{company name}}", "\ufeffCompany\u00a0Name"),
        ("{{Größe}}", "Gro\u0308ße"),
        ("{{Gro\u0308ße}}", "Größe"),
        ("{{Company\u00a0Name}}", "Company Name"),
    ],
)
def test_names_that_look_the_same_are_the_same(text: str, column: str) -> None:
    assert rendered(text, ["x", column], ["-", "Ada"]) == "Ada"


def test_names_that_look_the_same_are_refused_with_both() -> None:
    with pytest.raises(AmbiguousVariable) as refused:
        bind_prompt(parse_prompt("{{Name}}"), Columns(["Name", "Name\u200b"]))
    assert "(Name, Name): their names look the same" in refused.value.message
    with pytest.raises(AmbiguousVariable) as refused:
        bind_prompt(parse_prompt("{{nAmE}}"), Columns(["Name", "NAME"]))
    assert "(Name, NAME): write it exactly" in refused.value.message


@pytest.mark.parametrize(
    ("text", "columns"),
    [("{{nAmE}}", ["Name", "NAME"]), ("{{Name}}", ["Name", "Name"]), ("{{name}}", ["name ", " name"])],
)
def test_columns_that_differ_only_by_case_need_the_exact_spelling(text: str, columns: list[str]) -> None:
    with pytest.raises(AmbiguousVariable):
        bind_prompt(parse_prompt(text), Columns(columns))


@pytest.mark.parametrize("text", ["{{", "a {{b", "{{}}", "{{  }}", "{{a}} {{"])
def test_a_hole_without_end_or_name_is_refused(text: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        parse_prompt(text)
    assert refused.value.violations[0][0] == "prompt"


NAMES = (
    st.text(min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda name: name and "{" not in name and "}" not in name and not name.startswith("$"))
)


@given(st.lists(st.tuples(st.text(alphabet="ab}\\ \n", max_size=6), NAMES), max_size=6), st.text(max_size=20))
def test_text_between_the_variables_stays_as_it_is(parts: list[tuple[str, str]], value: str) -> None:
    # A backslash directly before a variable would escape it.
    parts = [(text.rstrip("\\"), name) for text, name in parts]
    prompt = "".join(f"{text}{{{{{name}}}}}" for text, name in parts)
    columns = list(dict.fromkeys(name for _, name in parts))
    got = rendered(prompt, columns, [value + name for name in columns])
    assert got == "".join(text + value + name for text, name in parts)


@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parts = parse_prompt(text)
    except TemplateInvalid:
        return
    names = list(dict.fromkeys(part.name for part in parts if isinstance(part, Variable)))
    bind_prompt(parts, Columns(names)).render(names)


@pytest.mark.parametrize("hole", ["{{$Sender}}", "{{ $sender }}", "{{$ SENDER}}"])
def test_a_custom_variable_is_the_same_for_all_rows(hole: str) -> None:
    bound = bind_prompt(
        parse_prompt(f"From {hole}"),
        Columns(["Sender", "$Sender"]),
        variables=CustomValues({"Sender": "{{Sender}}"}),
    )
    assert (bound.render(["no", "no"]), bound.constants) == ("From {{Sender}}", ("{{Sender}}",))


def test_an_unknown_custom_variable_is_named() -> None:
    with pytest.raises(UnknownVariable) as refused:
        bind_prompt(
            parse_prompt("{{$Sender}}"),
            Columns(["$Sender"]),
            template="templates/a",
            variables=CustomValues({"Other": "x"}),
        )
    assert refused.value.metadata == {"variable": "$Sender", "template": "templates/a"}
