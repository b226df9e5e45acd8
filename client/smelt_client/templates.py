"""Prompt templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .call import Call, ResourceName, deleting, getting, given, listing, named, reading
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import Page, Preview, Template, Tested, page_of

#: A template that is not saved: its fields, such as `{"prompt": "Hi {{Name}}", "output_column": "Hook"}`.
Draft = Mapping[str, Any]


def create_template(
    display_name: str,
    prompt: str,
    *,
    output_column: str,
    category: str = "Personalization",
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    character_limit: int | None = None,
    word_limit: int | None = None,
    forbidden_words: Sequence[str] | None = None,
    reference_columns: Sequence[str] | None = None,
    json_schema: str | Mapping[str, Any] | None = None,
    reasoning_effort: str | None = None,
    max_completion_tokens: int | None = None,
    is_choice: bool | None = None,
    auto_fix_off: bool | None = None,
    idempotency_key: str | None = None,
) -> Call[Template]:
    """Create a template such as `Write a hook for {{First Name}}`, whose answers fill `output_column`."""
    body = {
        "display_name": display_name,
        "category": category,
        "prompt": prompt,
        "output_column": output_column,
        **given(
            model=model,
            temperature=temperature,
            max_tokens=max_tokens,
            character_limit=character_limit,
            word_limit=word_limit,
            forbidden_words=_list(forbidden_words),
            reference_columns=_list(reference_columns),
            json_schema=_schema(json_schema),
            reasoning_effort=reasoning_effort,
            max_completion_tokens=max_completion_tokens,
            is_choice=is_choice,
            auto_fix_off=auto_fix_off,
        ),
    }
    return Call(
        "POST",
        "/v1/templates",
        reading(Template),
        body=body,
        creates=True,
        idempotency_key=idempotency_key,
    )


def _schema(schema: str | Mapping[str, Any] | None) -> str | None:
    return schema if schema is None or isinstance(schema, str) else json.dumps(schema)


def _list(names: Sequence[str] | None) -> Sequence[str] | None:
    return None if names is None else list(names)


def list_templates(*, page_size: int | None = None) -> Call[Page[Template]]:
    """Iterate over all templates."""
    return listing(Template, "templates", "templates", page_size=page_size)


def get_template(name: ResourceName) -> Call[Template]:
    """Return a template."""
    return getting(Template, "templates", name)


def update_template(
    name: ResourceName,
    *,
    display_name: str | None = None,
    category: str | None = None,
    prompt: str | None = None,
    output_column: str | None = None,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    character_limit: int | None = None,
    word_limit: int | None = None,
    forbidden_words: Sequence[str] | None = None,
    reference_columns: Sequence[str] | None = None,
    json_schema: str | Mapping[str, Any] | None = None,
    reasoning_effort: str | None = None,
    max_completion_tokens: int | None = None,
    is_choice: bool | None = None,
    auto_fix_off: bool | None = None,
) -> Call[Template]:
    """Change the given fields and keep the others. Jobs that have started keep the old template."""
    changes = given(
        display_name=display_name,
        category=category,
        prompt=prompt,
        output_column=output_column,
        model=model,
        temperature=temperature,
        max_tokens=max_tokens,
        character_limit=character_limit,
        word_limit=word_limit,
        forbidden_words=_list(forbidden_words),
        reference_columns=_list(reference_columns),
        json_schema=_schema(json_schema),
        reasoning_effort=reasoning_effort,
        max_completion_tokens=max_completion_tokens,
        is_choice=is_choice,
        auto_fix_off=auto_fix_off,
    )
    path = f"/v1/{named('templates', name)}"
    mask = {"update_mask": ",".join(changes)}
    return Call("PATCH", path, reading(Template), params=mask, body=changes)


def delete_template(name: ResourceName) -> Call[None]:
    """Delete a template. Jobs keep their own copy."""
    return deleting("templates", name)


def preview_template(
    template: ResourceName | Draft,
    file: ResourceName,
    *,
    first_row: int = 1,
    row_count: int = 3,
    mock_values: Mapping[str, str] | None = None,
) -> Call[Sequence[Preview]]:
    """Return the prompts for rows of a file, without calling the model.

    `mock_values` are for variables that no column fills, such as output columns of earlier templates.
    """
    page = page_of(Preview, "previews")
    body = {"file": named("files", file), "first_row": first_row, "row_count": row_count}
    body |= given(mock_values=None if mock_values is None else dict(mock_values))
    if isinstance(template, Mapping):
        body["template"], path = dict(template), "/v1/templates:preview"
    else:
        path = f"/v1/{named('templates', template)}:preview"
    return Call("POST", path, lambda data: page(data).items, body=body, repeatable=True)


def duplicate_template(
    name: ResourceName, *, display_name: str | None = None, idempotency_key: str | None = None
) -> Call[Template]:
    """Copy a template, either your own or `libraryTemplates/ID`."""
    text = name if isinstance(name, str) else name.name
    collection = "libraryTemplates" if text.startswith("libraryTemplates/") else "templates"
    return Call(
        "POST",
        f"/v1/{named(collection, name)}:duplicate",
        reading(Template),
        body=given(display_name=display_name),
        creates=True,
        idempotency_key=idempotency_key,
    )


def list_library(*, page_size: int | None = None) -> Call[Page[Template]]:
    """Iterate over the library: read-only templates, which you duplicate and then use."""
    return listing(Template, "libraryTemplates", "library_templates", page_size=page_size)


def try_templates(
    names: Sequence[ResourceName],
    file: ResourceName,
    *,
    first_row: int = 1,
    row_count: int = 1,
    mock_values: Mapping[str, str] | None = None,
    api_key: ResourceName | None = None,
    draft: Draft | None = None,
) -> Call[Tested]:
    """Test templates on up to ten rows, with every step. It counts as usage, so it is never sent twice.

    A `draft` runs last.
    """
    body = {
        "templates": [named("templates", name) for name in names],
        "file": named("files", file),
        "first_row": first_row,
        "row_count": row_count,
        **given(
            mock_values=None if mock_values is None else dict(mock_values),
            api_key=None if api_key is None else named("apiKeys", api_key),
            template=None if draft is None else dict(draft),
        ),
    }
    return Call("POST", "/v1/templates:test", reading(Tested), body=body, slow=True)


class Templates(Resource):
    """Templates."""

    create = blocking(create_template)
    list = paging(list_templates)
    get = blocking(get_template)
    update = blocking(update_template)
    delete = blocking(delete_template)
    preview = blocking(preview_template)
    duplicate = blocking(duplicate_template)
    library = paging(list_library)
    test = blocking(try_templates)


class AsyncTemplates(AsyncResource):
    """Templates."""

    create = awaiting(create_template)
    list = async_paging(list_templates)
    get = awaiting(get_template)
    update = awaiting(update_template)
    delete = awaiting(delete_template)
    preview = awaiting(preview_template)
    duplicate = awaiting(duplicate_template)
    library = async_paging(list_library)
    test = awaiting(try_templates)
