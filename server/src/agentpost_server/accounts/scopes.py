"""Scopes: `noun:action`. Every route declares the one it needs, or that it is public; a test walks them all."""

from typing import Final

PUBLIC: Final = "public"
ANY: Final = "any"  # a valid key, whatever its scopes

_NOUNS = (
    "inboxes messages threads drafts attachments domains webhooks filter_rules suppressions environments api_keys"
    " members policies exports ai"
).split()
_READ_ONLY = "search metrics audit usage events".split()
SCOPES: Final = frozenset(
    [f"{noun}:{action}" for noun in _NOUNS for action in ("read", "write")]
    + [f"{noun}:read" for noun in _READ_ONLY]
    + ["messages:send", "drafts:approve", "*"]
)
# Whoever may approve sees what waits for it: held mail is at no door for others.
SEES_HELD: Final = "drafts:approve"
# A key for one inbox changes no setting, its own inbox's included: whoever holds it may be doing what a mail said.
_NOT_FOR_INBOX_KEYS = (
    "policies:",
    "filter_rules:",
    "api_keys:",
    "webhooks:",
    "domains:",
    "members:",
    "suppressions:",
    "inboxes:write",
    "environments:write",
)


def needs(scope: str) -> dict[str, str]:
    """`@get("/inboxes", opt=needs("inboxes:read"))`."""
    if scope not in SCOPES and scope not in (PUBLIC, ANY):
        raise ValueError(f"no such scope: {scope}")
    return {"scope": scope}


def allows(held: frozenset[str], wanted: str, *, inbox_limited: bool = False) -> bool:
    if inbox_limited and wanted.startswith(_NOT_FOR_INBOX_KEYS):
        return False
    return wanted == ANY or "*" in held or wanted in held


def contains(held: frozenset[str], wanted: frozenset[str]) -> bool:
    """A key can never make a key with more than it has."""
    return "*" in held or wanted <= held
