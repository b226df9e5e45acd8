"""Templates by the names that people gave them, in the refusals of jobs, estimates, tests and previews."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from services.common.errors import DomainError
from services.processor.templates.template import Template


def called(template: Template) -> str:
    """Return a template's display name for a message, in quotation marks."""
    return f'"{template.fields.display_name}"'


@contextmanager
def by_their_names(templates: Iterable[Template]) -> Iterator[None]:
    """In refusals that come out of the block, call templates by their display names.

    The resource name stays in the metadata, as `template`; beside it stands `template_display_name`.
    """
    try:
        yield
    except DomainError as error:
        _call_by_name(error, {f"templates/{each.id}": each for each in templates})
        raise


def _call_by_name(error: DomainError, known: dict[str, Template]) -> None:
    for name, template in known.items():
        # The template of a draft has no id.
        if name != "templates/":
            error.message = error.message.replace(name, called(template))
    name = error.metadata.get("template", "")
    meant = known.get(name) or (known.get("templates/") if name == "" else None)
    if meant is None or "template" not in error.metadata:
        return
    error.metadata["template_display_name"] = meant.fields.display_name
    if called(meant) not in error.message:
        error.message = f"{error.message} (template {called(meant)})"
