"""`agentpost logs`: the latest requests to the API, newest last."""

from __future__ import annotations

import time

import click

from agentpost._cli.context import Session


@click.command()
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with those that come.")
@click.pass_obj
def logs(session: Session, limit: int, follow: bool) -> None:
    """Show the latest API requests of the organization."""
    seen: set[str] = set()
    while True:
        page = session.client.requests.list(limit=100 if seen else limit)
        for one in reversed(page.data):
            if one.id in seen:
                continue
            seen.add(one.id)
            if session.as_json:
                session.line(one)
            else:
                click.echo(f"{one.at}  {one.status}  {one.method:6} {one.path}  {one.id}")
        if not follow:
            return
        time.sleep(2)
