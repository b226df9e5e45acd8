"""What is allowed in a prompt and probably not meant."""

import re

#: A name in single braces, as other tools write holes. JSON, which many prompts show, has quotes there.
_SINGLE = re.compile(r"(?<!\{)\{([^\W\d][\w .-]{0,60})\}(?!\})")
#: The beginning of a hole for a column: a list shows many long prompts, so they are not parsed for this.
_COLUMN = re.compile(r"(?<!\\)(?<!\\\{)\{\{\s*[^\s$]")
_MOST_TOLD = 3
_CONSTANT = "The prompt names no column, so every row sends the same"


def warnings_of(prompt: str) -> list[str]:
    """Return sentences about a prompt: whether it names no column, and names in single braces then."""
    if _COLUMN.search(prompt):
        return []
    names = list(dict.fromkeys(_SINGLE.findall(prompt)))[:_MOST_TOLD]
    if not names:
        return [f"{_CONSTANT}. To put in a cell of each row, write its column in double braces"]
    written, meant = (", ".join(form % name for name in names) for form in ("{%s}", "{{%s}}"))
    return [
        f"{_CONSTANT}. Single braces are sent as they are: if a column is meant by {written}, write {meant}"
    ]
