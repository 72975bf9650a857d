"""Which transports may carry a mail: the chosen one, then those that take over what it surely did not accept.

Judged before anything is stored, so that a mail which nothing here can carry is refused instead of failing later. A
transport that this server does not have is left out; when none is left the chosen one stays, and the call says so.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from agentpost_server.core.errors import FieldError, Invalid
from agentpost_server.mail.address import needs_smtputf8
from agentpost_server.mail.model import Address
from agentpost_server.outbound.plan import LOCAL
from agentpost_server.ports.transport import MailTransport

_SIGNATURE_OCTETS: Final = 1024


def carriers(chosen: str, failover: Sequence[str], transports: Mapping[str, MailTransport]) -> tuple[str, ...]:
    """In the order in which they are tried, none twice. What stays on the machine is taken over by nobody."""
    order = (chosen,) if chosen == LOCAL else tuple(dict.fromkeys((chosen, *failover)))
    return tuple(name for name in order if name in transports) or (chosen,)


def of_wide_addresses(
    names: tuple[str, ...],
    transports: Mapping[str, MailTransport],
    lists: Mapping[str, Sequence[Address]],
) -> tuple[str, ...]:
    """Those that carry local parts which are not ASCII, where the mail has any: one in a header field concerns every
    recipient (RFC 6531 3.4). Raises Invalid `recipient_needs_smtputf8` when none does."""
    wide = [(f"{field}[{n}]", one.email) for field, given in lists.items() for n, one in enumerate(given)]
    wide = [(path, email) for path, email in wide if needs_smtputf8(email)]
    able = tuple(name for name in names if name not in transports or transports[name].limits.smtputf8)
    if not wide or able:
        return able if wide else names
    raise Invalid(
        f"{wide[0][1]} has characters that the transport {names[0]} cannot carry before the @.",
        code="recipient_needs_smtputf8",
        fix="Use an ASCII address of that mailbox, or a transport that supports SMTPUTF8.",
        errors=tuple(
            FieldError(field=path, message="needs SMTPUTF8", code="recipient_needs_smtputf8") for path, _ in wide[:100]
        ),
    )


def most_octets(names: Sequence[str], transports: Mapping[str, MailTransport], ours: int) -> int:
    """The largest composed mail that the server's own limit and one of them allow."""
    known = [_room(transports[name]) for name in names if name in transports]
    return min(ours, max(known, default=ours))


def of_octets(names: tuple[str, ...], transports: Mapping[str, MailTransport], octets: int) -> tuple[str, ...]:
    """Those that take a mail of this size."""
    return tuple(name for name in names if name not in transports or octets <= _room(transports[name])) or names


def _room(transport: MailTransport) -> int:
    """What it takes, less the signature that we may add at the call."""
    limits = transport.limits
    return limits.max_octets - (0 if limits.signs_dkim or transport.name == LOCAL else _SIGNATURE_OCTETS)
