"""Where a rule or policy holds: the organization, an environment, an inbox; and who may set it there."""

from typing import NamedTuple
from uuid import UUID

from agentpost_server import inboxes
from agentpost_server.accounts import Caller
from agentpost_server.core import ids
from agentpost_server.core.errors import Forbidden, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies.model import Place


class Site(NamedTuple):
    """Neither: the organization. An inbox has its environment beside it."""

    environment_id: UUID | None
    inbox_id: UUID | None


async def site_of(
    tx: Tx, tenant: Scope, caller: Caller, scope: Place, environment_id: str | None, inbox_id: str | None
) -> Site:
    """Raises Invalid for a scope and ids that do not fit, Forbidden for the organization where the key is not its."""
    if scope == "organization":
        _refuse(environment_id, "environment_id", scope)
        _refuse(inbox_id, "inbox_id", scope)
        demand_organization(caller)
        return Site(None, None)
    entered = _entered(tenant, caller, environment_id)
    if scope == "environment":
        _refuse(inbox_id, "inbox_id", scope)
        return Site(entered.environment_id, None)
    if inbox_id is None:
        raise invalid_field("inbox_id", "is required with the scope inbox", code="required")
    return Site(entered.environment_id, await _inbox(tx, entered, inbox_id))


def demand_organization(caller: Caller) -> None:
    """What holds in every environment is set by a live key that may use them all: a test key must not loosen it."""
    if caller.kind != "live" or caller.key.environment_ids or caller.inbox_ids:
        raise Forbidden(
            "What holds for the whole organization is changed by a live key for all environments only.",
            fix="Use a live key without environment_ids, or the scope environment.",
        )


def _entered(tenant: Scope, caller: Caller, environment_id: str | None) -> Scope:
    if environment_id is None:
        return tenant
    try:
        return caller.enter(environment_id)
    except NotFound as error:
        raise invalid_field("environment_id", "names no environment that this key may use", code="not_found") from error


async def _inbox(tx: Tx, tenant: Scope, inbox_id: str) -> UUID:
    try:
        return (await inboxes.find(tx, tenant, ids.decode("inb", inbox_id))).id
    except NotFound as error:
        raise invalid_field("inbox_id", "names no inbox of this environment", code="not_found") from error


def _refuse(given: str | None, field: str, scope: Place) -> None:
    if given is not None:
        raise invalid_field(field, f"does not go with the scope {scope}")
