"""`agentpost doctor`: is the server reached, and what may the key do? (`agentpost-server doctor` looks at a server.)"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import click

from agentpost import errors
from agentpost._cli.context import Session

Check = tuple[str, bool, str]


@click.command()
@click.pass_obj
def doctor(session: Session) -> int:
    """Check the profile, the server and the key. Exit code 1 when something is wrong."""
    checks = list(_checks(session))
    if session.as_json:
        click.echo(
            json.dumps({"checks": [{"name": name, "passed": passed, "detail": said} for name, passed, said in checks]})
        )
    else:
        for name, passed, said in checks:
            click.echo(f"{'ok  ' if passed else 'FAIL'}  {name}: {said}")
    return 0 if all(passed for _, passed, _ in checks) else 1


def _checks(session: Session) -> Iterator[Check]:
    try:
        client = session.client
    except errors.AgentPostError as failure:
        yield "profile", False, str(failure)
        return
    yield "profile", True, client.settings.base_url
    me: Any = None

    def ask() -> str:
        nonlocal me
        me = client.auth.me()
        return f"{me.type} of {me.organization_id}"

    yield (asked := _try("server and key", ask))
    if not asked[1]:
        return
    yield _try("inboxes", lambda: f"{len(client.inboxes.list(limit=100).data)} or more can be seen")
    yield _try(
        "events", lambda: f"the log's newest is {next((one.type for one in client.events.list(limit=1).data), 'none')}"
    )


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return name, True, check()
    except errors.PermissionDenied as failure:
        return name, True, f"not for this key ({failure.code})"
    except errors.AgentPostError as failure:
        return name, False, str(failure)
