"""`agentpost wait`: the next mail, or only its code."""

from __future__ import annotations

import click

from agentpost._cli.context import Session
from agentpost._cli.send import inbox_of


@click.command()
@click.option("--inbox", metavar="ID|ADDRESS", help="Not needed where the key has one inbox.")
@click.option("--from", "from_", help="A part of the author's address.")
@click.option("--subject", help="A part of the subject.")
@click.option("--text", help="A part of the text.")
@click.option("--code", is_flag=True, help="Wait for a mail with a code or sign-in link, and print only that.")
@click.option("--timeout", type=click.FloatRange(0.1, 86_400), default=60.0, show_default=True, metavar="SECONDS")
@click.pass_obj
def wait(
    session: Session,
    inbox: str | None,
    from_: str | None,
    subject: str | None,
    text: str | None,
    code: bool,
    timeout: float,
) -> None:
    """Wait for a mail that comes from now on. Exit code 5 when none came in time.

    \b
    CODE=$(agentpost wait --inbox signup@mail.example.com --code)
    """
    inbox_id = inbox_of(session, inbox)
    if code:
        found = session.client.inboxes.wait_for_code(inbox_id, from_=from_, subject=subject, timeout=timeout)
        click.echo(found.value)
        return
    session.show(
        session.client.inboxes.wait_for_message(inbox_id, from_=from_, subject=subject, text=text, timeout=timeout)
    )
