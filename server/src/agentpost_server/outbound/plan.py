"""Which transports each recipient goes by, and which provider calls that makes. Pure.

A call carries one domain's recipients, so that one receiving system's answer never waits for another's; only providers
that write the To field out of a call's recipients get them all at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.secrets import Keyring
from agentpost_server.mail.address import canonical
from agentpost_server.outbound import verp
from agentpost_server.ports.transport import TransportLimits

SANDBOX_DOMAIN: Final = "sandbox.test"
LOCAL: Final = "local"
_RECIPIENTS_WHERE_UNKNOWN: Final = 50


class Transmission(msgspec.Struct, frozen=True, kw_only=True):
    """One provider call to be. `transports` in the order in which they take their turn."""

    id: UUID
    transports: tuple[str, ...]
    domain: str
    mail_from: str
    recipients: tuple[str, ...]


def transports_of(email: str, *, kind: str, transports: tuple[str, ...], allowed: Sequence[str]) -> tuple[str, ...]:
    """`local` alone for all that must not leave: sandbox.test, test environments, whom a dev one may not reach."""
    domain = canonical(email).rpartition("@")[2]
    if domain == SANDBOX_DOMAIN or kind == "test" or (kind == "dev" and not is_allowed(email, allowed)):
        return (LOCAL,)
    return transports


def is_allowed(email: str, allowed: Sequence[str]) -> bool:
    """Whether a dev environment's list (`me@x.org`, `@example.com`) names the address or its domain."""
    plain = canonical(email)
    listed = {one.strip().lower() for one in allowed}
    return plain in listed or f"@{plain.rpartition('@')[2]}" in listed


def plan(
    keyring: Keyring,
    return_domain: str,
    routes: Sequence[tuple[str, tuple[str, ...]]],
    limits: Mapping[str, TransportLimits],
    *,
    apart: bool = False,
) -> list[Transmission]:
    """The calls for (recipient, transports) pairs. `limits` of the transports that this server has; `apart`: each
    recipient's mail differs, and needs a call of its own."""
    groups: defaultdict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for email, transports in routes:
        together = any(limits[name].writes_recipients for name in transports if name in limits)
        groups[transports, "" if together else email.rpartition("@")[2]].append(email)
    calls: list[Transmission] = []
    for (transports, _), emails in groups.items():
        known = [limits[name].max_recipients for name in transports if name in limits]
        most = 1 if apart else max(1, min(known or [_RECIPIENTS_WHERE_UNKNOWN]))
        for start in range(0, len(emails), most):
            transmission_id = ids.new_id()
            calls.append(
                Transmission(
                    id=transmission_id,
                    transports=transports,
                    domain=emails[start].rpartition("@")[2],
                    mail_from=verp.write(keyring, transmission_id, return_domain),
                    recipients=tuple(emails[start : start + most]),
                )
            )
    return calls
