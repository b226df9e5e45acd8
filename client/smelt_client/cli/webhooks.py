"""Commands for webhooks."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ..client import Client
from ..models import NewSecret, Webhook, WebhookDelivery
from . import asking
from .common import AsJson, Fields, Limit, Quiet, WrongUsage, Yes, group, logged_in
from .names import completing, found
from .printing import Output, when

_LOOK_SECONDS = 0.5
_TEST_SECONDS = 30.0

webhooks = group("Messages to a URL of yours when a job ends or pauses.")

Name = Annotated[
    str,
    typer.Argument(
        metavar="WEBHOOK", help="webhooks/ID, or just the ID.", autocompletion=completing("webhooks")
    ),
]
Delivery = Annotated[str, typer.Argument(metavar="DELIVERY", help="webhookDeliveries/ID, or just the ID.")]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        "-e",
        help="job.completed, job.failed, job.cancelled or job.paused; can be repeated; all if missing.",
    ),
]
Label = Annotated[str | None, typer.Option("--label", help="Name of the webhook.", show_default=False)]


@webhooks.command()
def add(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="An https:// URL that is reachable from the internet.")
    ],
    event: Events = None,
    label: Label = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Create a webhook and print its secret. Save it now: it is never shown again."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        made = client.webhooks.create(url, events=event, display_name=label)
    _show_secret(out, made, f"Added {made.name}. Test it: smelt webhooks test {made.name}")


@webhooks.command("list")
def list_webhooks(
    limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List the webhooks."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda one: one.name,
        "LABEL": lambda one: one.display_name,
        "URL": lambda one: one.url,
        "EVENTS": lambda one: ",".join(one.events),
        "SENDING": _sending,
    }
    with logged_in() as client:
        out.items(client.webhooks.list(), columns)


@webhooks.command()
def update(
    name: Name,
    url: Annotated[str | None, typer.Option("--url", help="New URL.", show_default=False)] = None,
    event: Events = None,
    label: Label = None,
    enable: Annotated[
        bool | None,
        typer.Option("--enable/--disable", help="Enable or disable the webhook.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Change a webhook."""
    if url is None and not event and label is None and enable is None:
        raise WrongUsage("nothing to change: give --url, --event, --label, --enable or --disable")
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        changed = client.webhooks.update(
            found(client, "webhooks", name), url=url, events=event or None, display_name=label, enabled=enable
        )
    _show(out, changed)


@webhooks.command()
def confirm(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Enable a webhook that is UNCONFIRMED.

    It dates from before you proved your address or reset your password, so somebody else may have added it.
    """
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        asking.confirm(
            f"Send messages to {client.webhooks.get(found(client, 'webhooks', name)).url}?", yes=yes
        )
        _show(out, client.webhooks.confirm(found(client, "webhooks", name)))


@webhooks.command()
def rm(name: Name, yes: Yes = False, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Delete a webhook and its deliveries."""
    out = Output(as_json=as_json, quiet=quiet)
    asking.confirm(f"Delete {name}?", yes=yes)
    with logged_in() as client:
        client.webhooks.delete(found(client, "webhooks", name))
    if as_json:
        out.json({})
    out.message(f"Deleted {name}")


@webhooks.command("rotate-secret")
def rotate_secret(
    name: Name,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=168, help="Hours to keep signing with the old secret as well.")
    ] = 24,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Create a new secret and print it. Save it now: it is never shown again."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        made = client.webhooks.rotate_secret(found(client, "webhooks", name), overlap_hours=overlap_hours)
    _show_secret(
        out, made, f"The old secret of {made.name} also signs messages for {overlap_hours} more hours"
    )


@webhooks.command("test")
def try_webhook(name: Name, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Send a test message and show the outcome. The exit code is 1 if it was not delivered."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _tell(out, _ended(client, client.webhooks.test(found(client, "webhooks", name))))


@webhooks.command()
def redeliver(delivery: Delivery, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Send a message again under the same id. The exit code is 1 if it was not delivered."""
    out = Output(as_json=as_json, quiet=quiet)
    with logged_in() as client:
        _tell(out, _ended(client, client.webhooks.redeliver(delivery)))


@webhooks.command()
def deliveries(
    name: Name, limit: Limit = None, fields: Fields = None, as_json: AsJson = False, quiet: Quiet = False
) -> None:
    """List a webhook's deliveries, newest first."""
    out = Output(as_json=as_json, quiet=quiet, limit=limit, fields=fields)
    columns = {
        "NAME": lambda one: one.name,
        "TIME": lambda one: when(one.create_time),
        "EVENT": lambda one: one.event,
        "JOB": lambda one: one.job,
        "STATE": lambda one: one.state,
        "ATTEMPTS": lambda one: one.attempts,
        "STATUS": lambda one: one.status_code or "",
        "REASON": lambda one: one.reason,
        "NEXT": lambda one: when(one.next_attempt_time),
    }
    with logged_in() as client:
        out.items(client.webhooks.deliveries(found(client, "webhooks", name)), columns)


def _ended(client: Client, sent: WebhookDelivery) -> WebhookDelivery:
    """Return a delivery once it has been sent, or in its current state after half a minute."""
    before = sent.attempts
    deadline = time.monotonic() + _TEST_SECONDS
    while time.monotonic() < deadline:
        sent = client.webhooks.delivery(sent.name)
        if sent.state != "PENDING" or (sent.attempts > before and sent.reason):
            break
        time.sleep(_LOOK_SECONDS)
    return sent


def _tell(out: Output, sent: WebhookDelivery) -> None:
    fields = {"name": sent.name, "state": sent.state, "status": sent.status_code or "", "reason": sent.reason}
    out.one(sent, fields)
    if sent.state != "DELIVERED":
        raise typer.Exit(1)


def _show_secret(out: Output, made: NewSecret, text: str) -> None:
    if out.as_json:
        out.json({"name": made.name, "signing_secret": made.signing_secret})
    else:
        print(made.signing_secret)
    out.message(text)


def _show(out: Output, one: Webhook) -> None:
    fields = {
        "name": one.name,
        "label": one.display_name,
        "url": one.url,
        "events": ", ".join(one.events),
        "sending": _sending(one),
    }
    out.one(one, fields)


def _sending(one: Webhook) -> str:
    return "yes" if one.enabled else f"no ({one.disabled_reason})"
