"""Which domains belong together (RFC 7489 3.1, 3.2): the organizational domain, by the public suffix list."""

from agentpost_server.mail.suffixes import registered


def organizational(domain: str) -> str:
    """`mail.example.co.uk` -> `example.co.uk`; a public suffix is its own: it aligns with itself alone."""
    return registered(domain) or domain.lower().removesuffix(".")


def is_aligned(domain: str, author_domain: str, *, strict: bool) -> bool:
    """RFC 7489 3.1: whether what was authenticated is the author's."""
    one, other = domain.lower().removesuffix("."), author_domain.lower().removesuffix(".")
    if not one or not other:
        return False
    return one == other or (not strict and organizational(one) == organizational(other))
