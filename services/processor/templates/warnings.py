"""What is allowed in a prompt and probably not meant."""

import re

from services.processor.templates.prompt import OPEN

#: A name in single braces, as other tools write holes. JSON, which many prompts show, has quotes there.
_SINGLE = re.compile(r"(?<!\{)\{([^\W\d][\w .-]{0,60})\}(?!\})")
_MOST_TOLD = 3


def warnings_of(prompt: str) -> list[str]:
    """Return sentences about a prompt: one without holes that has names in single braces."""
    if OPEN in prompt:
        return []
    names = list(dict.fromkeys(_SINGLE.findall(prompt)))[:_MOST_TOLD]
    if not names:
        return []
    written, meant = (", ".join(form % name for name in names) for form in ("{%s}", "{{%s}}"))
    return [
        "The prompt names no column, so every row sends the same. "
        f"Single braces are sent as they are: if a column is meant by {written}, write {meant}"
    ]
