"""`agentpost listen`: events at a terminal, in a pipe, or handed on to a local URL, signed as webhooks are."""

from __future__ import annotations

import base64
import json
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from agentpost import webhooks
from agentpost._cli.context import Session

if TYPE_CHECKING:
    from agentpost.types import Event


@click.command()
@click.option("--types", multiple=True, metavar="TYPE", help="Only these, as message.received. Repeat it for several.")
@click.option("--inbox", metavar="ID", help="Only events about this inbox.")
@click.option("--after", metavar="EVENT", help="First what came since this event.")
@click.option("--forward", metavar="URL", help="POST each event to this URL, signed like a webhook.")
@click.pass_obj
def listen(session: Session, types: tuple[str, ...], inbox: str | None, after: str | None, forward: str | None) -> None:
    """Print events as they happen, until Ctrl-C. What breaks is taken up again without a gap.

    \b
    agentpost listen --types message.received --forward http://localhost:3000/hook
    """
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    if forward:
        if urlsplit(forward).scheme not in {"http", "https"}:
            raise click.UsageError(f"{forward} is not a URL.")
        click.echo(f"Forwarding to {forward}; the secret for unwrap is {secret}", err=True)
    for event in session.client.events.stream(types=list(types) or None, inbox_id=inbox, after=after):
        outcome = _forwarded(event, forward, secret) if forward else ""
        if session.as_json:
            session.line(event)
        else:
            click.echo(f"{event.timestamp}  {event.type:24} {_about(event)}{outcome}")


def _about(event: Event) -> str:
    data: dict[str, Any] = event.data
    words = [str(data[name]) for name in ("from_address", "subject", "email", "domain", "message_id") if data.get(name)]
    return "".join(one if one.isprintable() else " " for one in "  ".join(words))[:120]


def _forwarded(event: Event, url: str, secret: str) -> str:
    """One try: a developer looks on. Delivery that does not give up is what webhooks are for."""
    import httpx2

    body = json.dumps(event.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", **webhooks.sign(event.id, body, secret)}
    began = time.monotonic()
    try:
        status = str(httpx2.post(url, content=body, headers=headers, timeout=30).status_code)
    except httpx2.HTTPError as failure:
        status = type(failure).__name__
    return f"  -> {status} ({round((time.monotonic() - began) * 1000)} ms)"
