"""A provider that must know a domain before mail leaves by it: it asks for records of its own, and looks for them
itself. What cannot be learnt now is a ProviderError: ask again later.
"""

from typing import Protocol

import msgspec


class ProviderError(Exception):
    """The provider did not answer, throttles, or refuses our credentials. The message says which."""


class Alias(msgspec.Struct, frozen=True):
    """A CNAME to publish."""

    name: str
    value: str


class ProviderRecords(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish. `ready`: the provider has found its aliases and sends for the domain. `mail_from` is the
    subdomain that stands in the envelope; "" where the provider uses its own."""

    cnames: tuple[Alias, ...] = ()
    mail_from: str = ""
    mail_from_mx: str = ""
    mail_from_spf: str = ""
    ready: bool = False


class DomainProvider(Protocol):
    """Knows domains by their names alone."""

    async def records(self, domain: str) -> ProviderRecords:
        """Make the domain known where it is not, change nothing where it is, and say how it stands.

        Raises ProviderError, and only that; answers within fifteen seconds."""
        ...

    async def close(self) -> None: ...
