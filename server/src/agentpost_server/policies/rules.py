"""Verbs on filter rules: create, change, delete, and asking what they say of an address."""

from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from agentpost_server import audit, inboxes
from agentpost_server.accounts import Caller
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.mail.address import AddressError, canonical, parse_domain, parse_email
from agentpost_server.policies import store, store_rules
from agentpost_server.policies.filtering import Ruling, candidates, rule_on
from agentpost_server.policies.governing import read_governing
from agentpost_server.policies.model_rules import (
    AskFilterRules,
    CreateFilterRule,
    FilterAnswer,
    FilterRule,
    MatchType,
    UpdateFilterRule,
    filter_rule_of,
)
from agentpost_server.policies.place import demand_organization, site_of
from agentpost_server.web.idempotency import Answer

_NOBODY: Final = UUID(int=0)
_FIELDS: Final = ("action", "match_type", "value", "require_authentication", "reason")


async def create(tx: Tx, tenant: Scope, caller: Caller, wanted: CreateFilterRule) -> Answer[FilterRule]:
    """201; 200 with the one that stands when the same rule is made again."""
    _check_required(wanted.require_authentication, wanted.direction, wanted.action)
    site = await site_of(tx, tenant, caller, wanted.scope, wanted.environment_id, wanted.inbox_id)
    value = read_value(wanted.match_type, wanted.value)
    row = await store_rules.insert(
        tx,
        tenant,
        ids.new_id(),
        *site,
        direction=wanted.direction,
        action=wanted.action,
        match_type=wanted.match_type,
        value=value,
        require_authentication=wanted.require_authentication,
        reason=wanted.reason,
    )
    if row is None:
        standing = await store_rules.find_same(
            tx, tenant, *site, direction=wanted.direction, action=wanted.action, value=value
        )
        return Answer(value=filter_rule_of(standing), status=200)
    made = filter_rule_of(row)
    await audit.record(tx, tenant.organization_id, caller.actor, "filter_rule.created", made.id, after=made)
    return Answer(value=_warned(made), status=201)


async def get(tx: Tx, tenant: Scope, rule_id: UUID) -> FilterRule:
    return filter_rule_of(await _row(tx, tenant, rule_id))


async def update(tx: Tx, tenant: Scope, caller: Caller, rule_id: UUID, wanted: UpdateFilterRule) -> FilterRule:
    """Raises Conflict where another rule says already what this one would."""
    row = await _row_to_change(tx, tenant, caller, rule_id)
    fields: dict[str, Any] = {
        name: row[name] if (given := getattr(wanted, name)) is UNSET else given for name in _FIELDS
    }
    if wanted.value is not UNSET or wanted.match_type is not UNSET:
        fields["value"] = read_value(fields["match_type"], fields["value"])
    _check_required(fields["require_authentication"], row["direction"], fields["action"])
    changed = await store_rules.update(tx, tenant, rule_id, **fields)
    if changed is None:
        raise Conflict("Another rule says that already.", fix="Delete one of the two.")
    before, after = filter_rule_of(row), filter_rule_of(changed)
    await audit.record(
        tx, tenant.organization_id, caller.actor, "filter_rule.updated", after.id, before=before, after=after
    )
    return after


async def delete(tx: Tx, tenant: Scope, caller: Caller, rule_id: UUID) -> None:
    gone = filter_rule_of(await _row_to_change(tx, tenant, caller, rule_id))
    await store_rules.delete(tx, tenant, rule_id)
    await audit.record(tx, tenant.organization_id, caller.actor, "filter_rule.deleted", gone.id, before=gone)


async def test(tx: Tx, tenant: Scope, wanted: AskFilterRules) -> FilterAnswer:
    """What the rules say of an address; of mail that comes in, where it is proven who wrote it."""
    inbox_id = _NOBODY
    if wanted.inbox_id is not None:
        inbox_id = (await inboxes.find(tx, tenant, ids.decode("inb", wanted.inbox_id))).id
    email = _read("email", lambda: canonical(parse_email(wanted.email.strip())))
    directions = [wanted.direction] if wanted.direction != "reply" else ["send", "reply"]
    found = read_governing(await store.governing(tx, tenant, inbox_id, None, directions, candidates([email])))
    direction = wanted.direction
    if direction == "reply" and not found.lists["reply"].has_rules:
        direction = "send"
    listed = found.lists.get(direction)
    ruling = rule_on(email, [one for one in found.rules if one.direction == direction], listed)
    rule = await get(tx, tenant, ruling.rule_id) if ruling.rule_id is not None else None
    return FilterAnswer(allowed=ruling.allowed, rule=rule, reason=_reason(email, direction, ruling, rule))


def read_value(match_type: MatchType, value: str) -> str:
    """The one spelling by which it is compared. Raises Invalid."""
    given = value.strip()
    match match_type:
        case "address":
            return _read("value", lambda: canonical(parse_email(given)))
        case "domain":
            return _read("value", lambda: parse_domain(given.rstrip(".")))
        case _:
            if not given.startswith("*."):
                raise invalid_field("value", "begins with *. for the names below a domain", code="invalid_address")
            return "*." + _read("value", lambda: parse_domain(given[2:].rstrip(".")))


def _read(field: str, read: Any) -> str:
    try:
        return read()
    except AddressError as error:
        raise invalid_field(field, str(error), code="invalid_address") from error


def _check_required(required: bool, direction: str, action: str) -> None:
    if required and (direction, action) != ("receive", "allow"):
        raise invalid_field("require_authentication", "goes with direction receive and action allow only")


def _warned(made: FilterRule) -> FilterRule:
    if made.action == "block":
        return made
    whom = {"send": "written to", "reply": "answered", "receive": "received from"}[made.direction]
    return msgspec.structs.replace(
        made,
        warning=f"From now on nobody is {whom} whom no {made.direction} rule allows (scope: {made.scope}).",
    )


def _reason(email: str, direction: str, ruling: Ruling, rule: FilterRule | None) -> str:
    if rule is None:
        return f"No {direction} rule matches {email}, and none makes a list of the allowed."
    if ruling.by_list:
        return f"{email} is not on the list of the allowed that the {direction} rule for {rule.value} belongs to."
    verb = "allows" if ruling.allowed else "blocks"
    proven = ", when DMARC or DKIM proves who wrote" if rule.require_authentication else ""
    return f"The {direction} rule for {rule.value} (scope: {rule.scope}) {verb} {email}{proven}."


async def _row(tx: Tx, tenant: Scope, rule_id: UUID, *, lock: bool = False) -> Any:
    row = await store_rules.find(tx, tenant, rule_id, lock=lock)
    if row is None:
        raise NotFound
    return row


async def _row_to_change(tx: Tx, tenant: Scope, caller: Caller, rule_id: UUID) -> Any:
    row = await _row(tx, tenant, rule_id, lock=True)
    if row["environment_id"] is None:
        demand_organization(caller)
    return row
