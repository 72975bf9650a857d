"""`agentpost send`: what a mail program would ask for."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agentpost._cli.context import Session
from agentpost._core.errors import ConfigurationError


@click.command()
@click.option("--inbox", metavar="ID|ADDRESS", help="The sender. Not needed where the key has one inbox.")
@click.option("--to", multiple=True, required=True, metavar="ADDRESS")
@click.option("--cc", multiple=True, metavar="ADDRESS")
@click.option("--bcc", multiple=True, metavar="ADDRESS")
@click.option("--subject", default="")
@click.option("--text", help="The text; `-`, or a pipe without --text and --html, reads it from stdin.")
@click.option("--html", help="The HTML; `@file` reads it from there.")
@click.option("--attach", multiple=True, metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--send-at", metavar="TIME", help="RFC 3339: later.")
@click.option("--idempotency-key", help="The same key and mail are sent once, however often this runs.")
@click.pass_obj
def send(
    session: Session,
    inbox: str | None,
    to: tuple[str, ...],
    cc: tuple[str, ...],
    bcc: tuple[str, ...],
    subject: str,
    text: str | None,
    html: str | None,
    attach: tuple[str, ...],
    send_at: str | None,
    idempotency_key: str | None,
) -> None:
    """Send a mail.

    \b
    agentpost send --inbox support@mail.example.com --to ann@example.com --subject Hello --text "How are you?"
    make report | agentpost send --to ann@example.com --subject "Tonight's report"
    """
    if text == "-" or (text is None and html is None and not sys.stdin.isatty()):
        text = sys.stdin.read()
    if html is not None and html.startswith("@"):
        html = Path(html[1:]).read_text(encoding="utf-8")
    sent = session.client.messages.send(
        inbox_of(session, inbox),
        to=list(to),
        cc=list(cc),
        bcc=list(bcc),
        subject=subject,
        text_body=text,
        html_body=html,
        attachments=[{"filename": Path(one).name, "content": Path(one).read_bytes()} for one in attach],
        send_at=send_at,
        idempotency_key=idempotency_key,
    )
    session.show(sent)


def inbox_of(session: Session, named: str | None) -> str:
    """The id of an inbox by its id or address, or the only one that the key sees."""
    if named and "@" not in named:
        return named
    page = session.client.inboxes.list(q=named.lower() if named else None, limit=2 if named is None else 100)
    found = [one.id for one in page.data if named is None or one.email.lower() == named.lower()]
    if len(found) == 1:
        return found[0]
    if named:
        raise ConfigurationError(f"There is no inbox {named}: see `agentpost inboxes list`.")
    raise ConfigurationError("Say which inbox, by --inbox: see `agentpost inboxes list`.")
