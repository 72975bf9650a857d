"""Writing and listing an environment's correspondents; the built-in people of `sandbox.test` are listed with them."""

from typing import Any, Final

import msgspec

from agentpost_server.core.errors import invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.mail.address import AddressError, canonical, parse_address, without_tag
from agentpost_server.mail.model import Address
from agentpost_server.outbound.plan import SANDBOX_DOMAIN
from agentpost_server.sandbox import store_clock, store_personas
from agentpost_server.sandbox.clock import refuse_unless_test
from agentpost_server.sandbox.model import Doing, Persona, Turn, WritePersona
from agentpost_server.sandbox.personas import PERSONAS
from agentpost_server.sandbox.script import scripted_of
from agentpost_server.web.idempotency import Answer
from agentpost_server.web.lists import OpenPage
from agentpost_server.web.paging import Page

_BUILT_IN: Final = {f"{name}@{SANDBOX_DOMAIN}": persona for name, persona in PERSONAS.items()}
# What each does most, in the words of a script: nobody can write these anew.
_DOES: Final[dict[str, Doing]] = {
    "ooo": "out_of_office", "injection": "attack", "bounce": "bounce", "softbounce": "soft_bounce",
    "complaint": "complain", "delivered": "silence", "suppressed": "bounce", "deferred": "silence",
    "timeout": "timeout",
}  # fmt: skip


async def write(tx: Tx, tenant: Scope, wanted: WritePersona) -> Answer[Persona]:
    """201 with a new one, 200 with one written anew."""
    refuse_unless_test(await store_clock.find(tx, tenant))
    row = await store_personas.write(
        tx,
        tenant,
        _checked_email(wanted.email),
        name=_checked_name(wanted),
        script=msgspec.json.encode(wanted.script).decode(),
        afterwards=wanted.afterwards,
        authentication=msgspec.json.encode(wanted.authentication).decode() if wanted.authentication else None,
    )
    return Answer(value=persona_of(row), status=201 if row["is_new"] else 200)


async def read(tx: Tx, tenant: Scope, page: OpenPage) -> Page[Persona]:
    """By address. The built-in people stand among the others."""
    after = str(page.after[0]) if page.after else None
    rows = await store_personas.list_all(tx, tenant, after, page.ascending, page.limit + 1)
    shown = [persona_of(row) for row in rows] + [
        _built_in(email) for email in _BUILT_IN if after is None or (email > after if page.ascending else email < after)
    ]
    shown.sort(key=lambda one: one.email, reverse=not page.ascending)
    return page.of(shown[: page.limit + 1], lambda one: [one.email], lambda one: one)


def persona_of(row: Any) -> Persona:
    found = scripted_of(row)
    return Persona(
        email=found.email,
        name=found.name,
        built_in=False,
        script=list(found.script),
        afterwards=found.afterwards,
        authentication=found.authentication,
        created_at=rfc3339(row["created_at"]),
        updated_at=rfc3339(row["updated_at"]),
    )


def _built_in(email: str) -> Persona:
    name, persona = email.partition("@")[0], _BUILT_IN[email]
    defer = 1 if name == "deferred" else 0
    does = Turn(do=_DOES.get(name, "answer"), after_seconds=persona.after_seconds, defer=defer)
    return Persona(
        email=email,
        name=name.capitalize(),
        built_in=True,
        script=[does],
        afterwards="repeat",
        authentication=None,
        created_at=None,
        updated_at=None,
    )


def _checked_email(given: str) -> str:
    try:
        email = canonical(parse_address(given).email)
    except AddressError as error:
        raise invalid_field("email", str(error), code="invalid_address") from error
    if email in _BUILT_IN or email != canonical(without_tag(email)):
        said = "is one of the built-in people" if email in _BUILT_IN else "has a tag: every tag reaches the same person"
        raise invalid_field("email", said, fix="Choose another address.")
    return email


def _checked_name(wanted: WritePersona) -> str | None:
    """As a From field carries it."""
    try:
        return parse_address(Address(email=wanted.email, name=wanted.name)).name if wanted.name else None
    except AddressError as error:
        raise invalid_field("name", str(error)) from error
