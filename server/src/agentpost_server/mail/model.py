"""The nouns of mail: what a message is once it has been read, before anyone decides what to do with it."""

import msgspec


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mailbox (RFC 5322 3.4): `email` has its domain as A-label in lower case; `name` is the display name."""

    email: str
    name: str | None = None
