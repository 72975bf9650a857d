"""Which transport each recipient goes by, and which provider calls that makes. Pure.

A call carries one domain's recipients, so that one receiving system's answer never waits for another's.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.secrets import Keyring
from agentpost_server.mail.address import canonical
from agentpost_server.outbound import verp

SANDBOX_DOMAIN: Final = "sandbox.test"
LOCAL: Final = "local"


class Transmission(msgspec.Struct, frozen=True, kw_only=True):
    """One provider call to be."""

    id: UUID
    transport: str
    domain: str
    mail_from: str
    recipients: tuple[str, ...]


def transport_of(email: str, *, kind: str, transport: str, allowed: Sequence[str]) -> str:
    """`local` for all that must not leave: sandbox.test, test environments, whom a dev one may not reach."""
    domain = canonical(email).rpartition("@")[2]
    if domain == SANDBOX_DOMAIN or kind == "test" or (kind == "dev" and not is_allowed(email, allowed)):
        return LOCAL
    return transport


def is_allowed(email: str, allowed: Sequence[str]) -> bool:
    """Whether a dev environment's list (`me@x.org`, `@example.com`) names the address or its domain."""
    plain = canonical(email)
    listed = {one.strip().lower() for one in allowed}
    return plain in listed or f"@{plain.rpartition('@')[2]}" in listed


def plan(
    keyring: Keyring,
    sender_domain: str,
    routes: Sequence[tuple[str, str]],
    most_of: Callable[[str], int],
) -> list[Transmission]:
    """The calls for (recipient, transport) pairs; `most_of(transport)` is how many recipients one call may carry."""
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for email, transport in routes:
        groups[transport, email.rpartition("@")[2]].append(email)
    calls: list[Transmission] = []
    for (transport, domain), emails in groups.items():
        most = max(1, most_of(transport))
        for start in range(0, len(emails), most):
            transmission_id = ids.new_id()
            calls.append(
                Transmission(
                    id=transmission_id,
                    transport=transport,
                    domain=domain,
                    mail_from=verp.write(keyring, transmission_id, sender_domain),
                    recipients=tuple(emails[start : start + most]),
                )
            )
    return calls
