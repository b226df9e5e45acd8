"""The demo's job, done as any client would, with only the public SDK: account, key, file, template, job."""

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from smelt_client import Client, Job, NotFound, NotLoggedIn

from deploy.local.secret_files import write_secret

TEMPLATE_NAME = "Opening line"
PROMPT = (
    "Write one friendly sentence that opens an email.\n"
    "Write a hook for {{First Name}} at {{Company}}, in {{Industry}}, {{City}}"
)
OUTPUT_COLUMN = "Hook"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one demo keeps for the next: its account, and the key and template it created."""

    email: str
    password: str
    api_key: str = ""
    api_key_of: str = ""
    template: str = ""


class Demo:
    """The demo's account at one gateway, and what it already has there."""

    def __init__(self, client: Client, kept: Remembered, memory: Path) -> None:
        self.client = client
        self._kept = kept
        self._memory = memory

    @classmethod
    def sign_in(cls, url: str, *, ca_file: Path, memory: Path) -> "Demo":
        """Log in to the account of the last demo, or to a new one if the gateway no longer knows it."""
        with Client(url, "", ca_file=str(ca_file)) as stranger:
            kept = _recall(memory)
            session = None
            if kept:
                with contextlib.suppress(NotLoggedIn):
                    session = stranger.sessions.create(kept.email, kept.password)
            if not kept or not session:
                kept = Remembered(f"demo-{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(24))
                stranger.users.create(kept.email, kept.password)
                _remember(memory, kept)
                session = stranger.sessions.create(kept.email, kept.password)
        return cls(Client(url, session.token, ca_file=str(ca_file)), kept, memory)

    def add_key(self, openai_secret: str | None, *, stand_in_url: str) -> str:
        """Return the name of the key to use: for OpenAI, or one that the stand-in provider accepts."""
        wanted = f"openai {_digest(openai_secret)}" if openai_secret else stand_in_url
        name = self._kept.api_key
        if self._kept.api_key_of == wanted and _is_there(self.client.api_keys.get, name):
            return name
        # The stand-in accepts any key. One that looks real lets a test search for leaks of it afterwards.
        secret = openai_secret or f"sk-demo-{secrets.token_urlsafe(30)}"
        base_url = "" if openai_secret else stand_in_url
        made = self.client.api_keys.create(secret, label="Demo", base_url=base_url)
        self._keep(api_key=made.name, api_key_of=wanted)
        return made.name

    def add_template(self) -> str:
        """Return the name of the demo's template."""
        name = self._kept.template
        if _is_there(self.client.templates.get, name):
            return name
        made = self.client.templates.create(TEMPLATE_NAME, PROMPT, output_column=OUTPUT_COLUMN)
        self._keep(template=made.name)
        return made.name

    def run(self, sample: Path, *, template: str, api_key: str) -> Iterator[Job]:
        """Upload the sample and run the template over it; yield the job at each change, final state last."""
        file = self.client.files.upload(sample)
        job = self.client.jobs.create(file.name, [template], api_key=api_key)
        yield job
        yield from self.client.jobs.watch(job.name)

    def _keep(self, **changes: str) -> None:
        self._kept = replace(self._kept, **changes)
        _remember(self._memory, self._kept)


def _recall(memory: Path) -> Remembered | None:
    try:
        return Remembered(**json.loads(memory.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _remember(memory: Path, what: Remembered) -> None:
    write_secret(memory, json.dumps(asdict(what), indent=2) + "\n")


def _is_there(get: Callable[[str], object], name: str) -> bool:
    try:
        return bool(name and get(name))
    except NotFound:
        return False


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
