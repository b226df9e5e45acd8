"""Commands that create and change templates."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import SmeltError
from . import asking
from .common import AsJson, Quiet, WrongUsage, logged_in
from .printing import Output
from .templates import Name, find_template, show_template


class Effort(Enum):
    """How much a model thinks."""

    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


Prompt = Annotated[
    str | None,
    typer.Option(help="The prompt, such as 'Write a hook for {{First Name}}'.", show_default=False),
]
PromptFile = Annotated[
    Path | None, typer.Option(help="Read the prompt from a file, or from stdin with -.", show_default=False)
]
Category = Annotated[str | None, typer.Option(help="Category; any name will do.", show_default=False)]
Model = Annotated[
    str | None,
    typer.Option(help="Model; in a new template, the server's default if missing.", show_default=False),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        show_default=False,
        help="How much answers vary: 0 hardly, 1 much.",
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(min=1, show_default=False, help="The most tokens of an answer."),
]
MaxCompletionTokens = Annotated[
    int | None,
    typer.Option(min=1, show_default=False, help="The most tokens of an answer and the thinking before it."),
]
ReasoningEffort = Annotated[
    Effort | None, typer.Option(show_default=False, help="How much the model thinks before it answers.")
]
CharacterLimit = Annotated[
    int | None, typer.Option(min=1, help="Flag answers with more characters than this.", show_default=False)
]
WordLimit = Annotated[
    int | None, typer.Option(min=1, help="Flag answers with more words than this.", show_default=False)
]
Forbidden = Annotated[
    list[str] | None,
    typer.Option(help="Flag answers that contain this word; can be repeated.", show_default=False),
]
Reference = Annotated[
    list[str] | None,
    typer.Option(help="A column that counts towards the confidence; can be repeated.", show_default=False),
]
SchemaFile = Annotated[
    Path | None,
    typer.Option(help="A JSON schema; each of its properties fills a column.", show_default=False),
]
Choice = Annotated[
    bool | None,
    typer.Option("--choice/--no-choice", help="Answers are one of a few words.", show_default=False),
]
AutoFix = Annotated[
    bool | None,
    typer.Option(
        "--auto-fix/--no-auto-fix",
        help="Take off what models put around answers, or keep it.",
        show_default=False,
    ),
]


def create(
    name: Annotated[str, typer.Option("--name", help="Name of the template.")],
    output_column: Annotated[
        str, typer.Option("--output-column", help="Name of the column for the answers.")
    ],
    prompt: Prompt = None,
    prompt_file: PromptFile = None,
    category: Category = None,
    model: Model = None,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    max_completion_tokens: MaxCompletionTokens = None,
    reasoning_effort: ReasoningEffort = None,
    character_limit: CharacterLimit = None,
    word_limit: WordLimit = None,
    forbidden: Forbidden = None,
    reference: Reference = None,
    schema_file: SchemaFile = None,
    choice: Choice = None,
    auto_fix: AutoFix = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Create a template.

    In the prompt, {{Column Name}} stands for a cell, {{$Name}} for a custom variable (`smelt vars`).

    Example: smelt templates create --name Hook --output-column Hook --prompt 'Greet {{First Name}}.'
    """
    out = Output(as_json=as_json, quiet=quiet)
    text = _prompt(prompt, prompt_file)
    if text is None:
        raise WrongUsage("give the prompt with either --prompt or --prompt-file")
    settings = _settings(
        category=category,
        model=model,
        temperature=temperature,
        max_tokens=max_tokens,
        max_completion_tokens=max_completion_tokens,
        reasoning_effort=reasoning_effort,
        character_limit=character_limit,
        word_limit=word_limit,
        forbidden_words=forbidden,
        reference_columns=reference,
        json_schema=schema_file,
        is_choice=choice,
        auto_fix=auto_fix,
    )
    with logged_in() as client:
        show_template(out, client.templates.create(name, text, output_column=output_column, **settings))


def update(
    template: Name,
    name: Annotated[
        str | None, typer.Option("--name", help="New name of the template.", show_default=False)
    ] = None,
    output_column: Annotated[
        str | None,
        typer.Option("--output-column", help="New name of the column for the answers.", show_default=False),
    ] = None,
    prompt: Prompt = None,
    prompt_file: PromptFile = None,
    category: Category = None,
    model: Model = None,
    temperature: Temperature = None,
    max_tokens: MaxTokens = None,
    max_completion_tokens: MaxCompletionTokens = None,
    reasoning_effort: ReasoningEffort = None,
    character_limit: CharacterLimit = None,
    word_limit: WordLimit = None,
    forbidden: Forbidden = None,
    reference: Reference = None,
    schema_file: SchemaFile = None,
    choice: Choice = None,
    auto_fix: AutoFix = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Change the given settings of a template.

    What is not named stays as it is. Jobs that have started keep the old settings.
    """
    out = Output(as_json=as_json, quiet=quiet)
    changes = _settings(
        display_name=name,
        output_column=output_column,
        prompt=_prompt(prompt, prompt_file),
        category=category,
        model=model,
        temperature=temperature,
        max_tokens=max_tokens,
        max_completion_tokens=max_completion_tokens,
        reasoning_effort=reasoning_effort,
        character_limit=character_limit,
        word_limit=word_limit,
        forbidden_words=forbidden,
        reference_columns=reference,
        json_schema=schema_file,
        is_choice=choice,
        auto_fix=auto_fix,
    )
    if not changes:
        raise WrongUsage("nothing to change: give at least one option, such as --prompt")
    with logged_in() as client:
        show_template(out, client.templates.update(find_template(client, template), **changes))


def edit(template: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Edit a template's prompt in $VISUAL or $EDITOR.

    It is saved when the editor ends.
    """
    out = Output(as_json=as_json, quiet=quiet)
    if not asking.at_a_terminal():
        raise WrongUsage("an editor needs a terminal; use `smelt templates update --prompt-file`")
    with logged_in() as client:
        before = client.templates.get(find_template(client, template))
        after = _edited(before.prompt)
        if after == before.prompt:
            out.message("Nothing was changed")
            return
        show_template(out, client.templates.update(before, prompt=after))


def _edited(text: str) -> str:
    """Return a text as the person's editor leaves it; raise SmeltError if the editor fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    # Only its owner can read the folder.
    with tempfile.TemporaryDirectory(prefix="smelt-") as folder:
        path = Path(folder) / "prompt.txt"
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(path)], check=False)
        except OSError:
            raise SmeltError(f"the editor {editor} cannot be started; set EDITOR") from None
        if done.returncode:
            raise SmeltError(f"the editor {editor} ended with {done.returncode}; nothing was changed")
        # Most editors end a file with a line break that nobody typed.
        return path.read_text(encoding="utf-8").removesuffix("\n")


def _settings(
    *,
    reasoning_effort: Effort | None,
    forbidden_words: list[str] | None,
    reference_columns: list[str] | None,
    json_schema: Path | None,
    auto_fix: bool | None,
    **others: Any,
) -> dict[str, Any]:
    """Return the settings that were given, as the SDK takes them."""
    every = {
        **others,
        "reasoning_effort": None if reasoning_effort is None else reasoning_effort.value,
        "forbidden_words": forbidden_words or None,
        "reference_columns": reference_columns or None,
        "json_schema": None if json_schema is None else json_schema.read_text(encoding="utf-8"),
        "auto_fix_off": None if auto_fix is None else not auto_fix,
    }
    return {name: value for name, value in every.items() if value is not None}


def _prompt(prompt: str | None, prompt_file: Path | None) -> str | None:
    if prompt is not None and prompt_file is not None:
        raise WrongUsage("give the prompt with either --prompt or --prompt-file")
    if prompt_file is None:
        return prompt
    try:
        return sys.stdin.read() if str(prompt_file) == "-" else prompt_file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise WrongUsage(f"{prompt_file} is not UTF-8; save it in that encoding") from None
