"""What a stored template must contain, and what an update changes."""

import pytest

from services.processor.templates.errors import TemplateInvalid, UpdateMaskInvalid
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.template import TemplateFields, check, merge

FIELDS = TemplateFields("Hook", "Cold Outreach", PromptSettings("Hi {{Name}}", "Hook"))


def test_every_missing_field_is_named_at_once() -> None:
    with pytest.raises(TemplateInvalid) as refused:
        check(TemplateFields("", " ", PromptSettings("", "\t")))
    assert [field for field, _ in refused.value.violations[:4]] == [
        "display_name",
        "category",
        "prompt",
        "output_column",
    ]


def test_names_are_trimmed_and_an_empty_model_means_the_default() -> None:
    checked = check(TemplateFields(" Hook ", " C ", PromptSettings(" Hi ", " Out ", model="")))
    assert (checked.display_name, checked.category, checked.settings.output_column) == ("Hook", "C", "Out")
    assert (checked.settings.prompt, checked.settings.model) == (" Hi ", "gpt-4o-mini")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (TemplateFields("a\nb", "c", PromptSettings("d", "e")), "display_name"),
        (TemplateFields("a", "c", PromptSettings("d", "e\0")), "output_column"),
        (TemplateFields("a", "c", PromptSettings("d\0", "e")), "prompt"),
        (TemplateFields("a", "c", PromptSettings("{{", "e")), "prompt"),
    ],
)
def test_what_would_break_later_is_refused(fields: TemplateFields, name: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        check(fields)
    assert [field for field, _ in refused.value.violations] == [name]


NEW = TemplateFields("New", "Other", PromptSettings("Bye", "Out", model="m", temperature=0.0, max_tokens=7))


def test_a_mask_chooses_what_changes() -> None:
    changed = merge(FIELDS, NEW, {"prompt"}, ["temperature", "max_tokens", "name", "update_time"])
    settings = changed.settings
    assert (settings.temperature, settings.max_tokens, settings.prompt) == (0.0, 7, FIELDS.settings.prompt)


def test_without_a_mask_what_the_body_holds_changes() -> None:
    changed = merge(FIELDS, NEW, {"name", "category"}, [])
    assert (changed.category, changed.settings) == ("Other", FIELDS.settings)


def test_a_star_replaces_all() -> None:
    assert merge(FIELDS, NEW, set(), ["*"]) == NEW


def test_an_unknown_path_is_refused_and_named() -> None:
    with pytest.raises(UpdateMaskInvalid) as refused:
        merge(FIELDS, NEW, set(), ["prompt", "colour"])
    assert refused.value.violations == (("update_mask", "unknown field colour"),)
