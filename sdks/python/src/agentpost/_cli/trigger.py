"""`agentpost trigger`: an event to try one's own code with."""

from __future__ import annotations

import click

from agentpost._cli.context import Session
from agentpost._cli.send import inbox_of


@click.command()
@click.argument("event_type")
@click.option("--webhook", metavar="ID", help="Send this endpoint a test event of the type.")
@click.option("--inbox", metavar="ID|ADDRESS", help="Where the mail of message.received comes in.")
@click.option("--from", "from_", default="ann@example.com", show_default=True)
@click.option("--subject", default="A mail from the sandbox", show_default=True)
@click.option("--text", default="Hello from the sandbox.", show_default=True)
@click.pass_obj
def trigger(
    session: Session, event_type: str, webhook: str | None, inbox: str | None, from_: str, subject: str, text: str
) -> None:
    """Send a test event to a webhook, or cause a real one in a test environment.

    \b
    agentpost trigger message.received --inbox support@agentpost.test     a mail comes in
    agentpost trigger message.bounced                                     a send that bounces
    agentpost trigger domain.verified --webhook whk_…                     a test event of any type
    """
    client = session.client
    if webhook:
        session.show(client.webhooks.test(webhook, event_type=event_type))
        return
    if event_type == "message.received":
        inbox_id = inbox_of(session, inbox)
        session.show(client.sandbox.deliver(inbox_id=inbox_id, from_address=from_, subject=subject, text_body=text))
        return
    outcome = event_type.removeprefix("message.")
    if event_type not in {"message.delivered", "message.bounced", "message.complained", "message.deferred"}:
        raise click.UsageError(f"Nothing in the sandbox causes {event_type}: send a test event to a --webhook.")
    sent = client.messages.send(inbox_of(session, inbox), to=f"{outcome}@sandbox.test", subject=subject, text_body=text)
    session.show(sent)
