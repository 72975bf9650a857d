"""Names of inboxes: what a caller may choose, and readable ones for those who do not."""

import re
import secrets
from typing import Final

from agentpost_server.core.errors import invalid_field

# dot-atom of RFC 5322 without what routes, tags or confuses: no plus (it is the tag), no percent, no bang.
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,62}(?<!\.)\Z")
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SUFFIX_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_RESERVED: Final = ("bounces", "dmarc-reports")  # where reports come back to
_FIRST: Final = """amber brisk calm clear cosy early fair fleet gentle glad green happy hazel kind light lively lucky
mellow
 merry neat noble olive plain prime quick quiet rapid ready rosy sage silver smart snug solid spry steady sunny swift
 tidy
 true velvet warm wise witty young zesty bright""".split()
_SECOND: Final = """badger beaver bison crane dove eagle falcon finch fox gecko goose hare hawk heron ibis jay
kestrel kite
 koala lark lemur lion lynx magpie marten mole moose newt otter owl panda pika plover puffin quail raven robin seal
 shrew
 sparrow stork swan tern tiger toad trout vole walrus wren""".split()


def generated() -> str:
    """`swift-otter`."""
    return f"{secrets.choice(_FIRST)}-{secrets.choice(_SECOND)}"


def suffix() -> str:
    """Six characters that nobody misreads."""
    return "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(6))


def check_username(username: str) -> str:
    """Lower-cased. Raises the 422 that says what a name may be."""
    name = username.lower()
    if not _USERNAME.match(name) or name in _RESERVED:
        raise invalid_field(
            "username",
            "must be letters, digits, dots, hyphens and underscores, beginning with a letter or digit",
            fix="Choose a name such as support or billing-eu; anything behind a plus is a tag and reaches it anyway.",
        )
    return name


def check_display_name(name: str | None) -> str | None:
    if name is not None and _UNSAFE_NAME.search(name):
        raise invalid_field("display_name", "must not hold control or direction characters")
    return name or None


def words_of(email: str, display_name: str | None) -> list[str]:
    """What search by prefix finds an inbox by: the whole address and each word of address and name."""
    words = {email, *re.findall(r"\w+", email.lower()), *re.findall(r"\w+", (display_name or "").lower())}
    return sorted(word[:100] for word in words)
