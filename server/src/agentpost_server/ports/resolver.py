"""Asking the DNS. What is not there is an empty answer; what could not be learnt raises: the two never look alike,
because a sender must not fail a check for our name server's bad hour.
"""

from typing import Protocol

import msgspec


class ResolverError(Exception):
    """The answer could not be had: time-out, SERVFAIL, a broken answer. Ask again later (`temperror`)."""


class EndlessAliasError(ResolverError):
    """The name is an alias that leads on without an end: asking again brings no more."""


class MailExchanger(msgspec.Struct, frozen=True, order=True):
    """One MX record. `host` is a lower-case A-label name without the last dot; "" is the null MX (RFC 7505)."""

    preference: int
    host: str


class Resolver(Protocol):
    """Names go in as A-labels, with or without a last dot; they come out in lower case without it.

    Every method answers an empty list for NXDOMAIN and for a name without such records, follows CNAMEs, and raises
    ResolverError, and only that, for everything else. `fresh` goes past the cache: for a person who presses "verify".
    """

    async def txt(self, name: str, *, fresh: bool = False) -> list[bytes]:
        """Each record's strings joined (RFC 7208 3.3)."""
        ...

    async def mx(self, name: str, *, fresh: bool = False) -> list[MailExchanger]:
        """By preference."""
        ...

    async def ipv4(self, name: str) -> list[str]: ...

    async def ipv6(self, name: str) -> list[str]: ...

    async def cname(self, name: str, *, fresh: bool = False) -> list[str]:
        """The alias itself: at most one, not followed."""
        ...

    async def ptr(self, address: str) -> list[str]:
        """The names of an IP address."""
        ...
