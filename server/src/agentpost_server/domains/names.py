"""Which names can be a tenant's domain, and which domains stand above a name."""

from typing import Final

from agentpost_server.core.errors import Invalid, invalid_field
from agentpost_server.mail.address import AddressError, parse_domain
from agentpost_server.mail.suffixes import suffixes

MOST_CHARACTERS: Final = 200
"""Room for `<selector>._domainkey.` in front, within the 253 that a name may have."""
_PRIVATE: Final = ("sandbox.test", "localhost", "invalid", "onion", "arpa")


def check_name(given: str, *, own: frozenset[str]) -> str:
    """The name as lower-case A-labels. Invalid (422) for what nobody can prove to own, and for the server's `own`."""
    try:
        name = parse_domain(given.strip().rstrip("."))
    except AddressError as error:
        raise _refused(str(error)) from error
    if len(name) > MOST_CHARACTERS:
        raise _refused(f"has more than {MOST_CHARACTERS} characters: no record could be published below it")
    if any(name == one or name.endswith(f".{one}") for one in _PRIVATE):
        raise _refused("is reserved and stands in no public name server")
    if name in own:
        raise _refused("is this server's own name, which its tenants share")
    if suffixes().privatesuffix(name) is None:
        raise _refused("is a public suffix, below which everybody may register a name; it has no one owner")
    return name


def upwards(name: str) -> list[str]:
    """The name and each domain above it, the nearest first: `a.b.c` -> `a.b.c`, `b.c`, `c`."""
    labels = name.split(".")
    return [".".join(labels[n:]) for n in range(len(labels))]


def _refused(message: str) -> Invalid:
    return invalid_field(
        "domain", message, fix="Name a domain that is yours, such as mail.example.com.", code="invalid_domain"
    )
