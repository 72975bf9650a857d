"""Addresses as API callers write them, read strictly; and the one rule by which two spellings name the same mailbox.

Strict because what is accepted here is written into headers and SMTP commands: whatever two mail programs could read
differently (routes, quoted local parts, literals, lists) is refused with a sentence that says why.
"""

import functools
import re
import unicodedata
from typing import Final

import idna

from agentpost_server.mail.model import Address

MAX_LOCAL_OCTETS: Final = 64
MAX_DOMAIN_OCTETS: Final = 253
MAX_EMAIL_OCTETS: Final = 254
MAX_NAME_CHARACTERS: Final = 256
MAX_INPUT_CHARACTERS: Final = 1_200

_ATEXT: Final = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_DOT_ATOM: Final = re.compile(rf"[{_ATEXT}\u0080-\U0010FFFF]+(?:\.[{_ATEXT}\u0080-\U0010FFFF]+)*")
_HOSTNAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PHRASE_SPECIALS: Final = re.compile(r'[<>\[\]:;@\\,"]')
# Control, format, surrogate, private use, unassigned, and every kind of space: never part of a mailbox's name.
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


class AddressError(ValueError):
    """The text is not one address that every mail program reads alike; the message says why."""


def parse_address(value: str | Address) -> Address:
    """`"a@b"`, `"Name <a@b>"`, `'"Last, First" <a@b>'` or an Address -> Address with its domain as lower-case A-label.

    The local part stays as given (only its owner may fold it, RFC 5321 2.4). Raises AddressError.
    """
    if isinstance(value, Address):
        return Address(email=parse_email(value.email), name=_display_name(value.name))
    if len(value) > MAX_INPUT_CHARACTERS:
        raise AddressError("is longer than any address")
    name, email = _split_name(value.strip(" \t"))
    return Address(email=parse_email(email), name=_display_name(name))


def parse_email(email: str) -> str:
    """`local@domain` checked and normalised (RFC 5321 4.1.2, RFC 6531 3.3). Raises AddressError."""
    if len(email) > MAX_INPUT_CHARACTERS:
        raise AddressError("is longer than any address")
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain:
        raise AddressError("is not of the form local@domain")
    if local[0] == '"':
        raise AddressError("has a quoted local part, which mail programs read in different ways")
    if "=?" in local:
        raise AddressError("has an encoded word in its local part; write the characters themselves")
    if not _DOT_ATOM.fullmatch(local) or _has_forbidden(local):
        raise AddressError("has a local part with characters or dots where none may be")
    if len(local.encode()) > MAX_LOCAL_OCTETS:
        raise AddressError(f"has a local part longer than {MAX_LOCAL_OCTETS} octets")
    normal = f"{local}@{parse_domain(domain)}"
    if len(normal.encode()) > MAX_EMAIL_OCTETS:
        raise AddressError(f"is longer than {MAX_EMAIL_OCTETS} octets")
    return normal


def parse_domain(domain: str) -> str:
    """A host name as lower-case A-labels (IDNA 2008 after UTS 46 mapping). One label, such as `localhost`, is enough.

    Raises AddressError for literals, numeric last labels (they are IP addresses to a resolver) and bad labels.
    """
    if domain.startswith("["):
        raise AddressError("has an address literal for a domain; use a domain name")
    if len(domain) > MAX_DOMAIN_OCTETS:
        raise AddressError(f"has a domain longer than {MAX_DOMAIN_OCTETS} octets")
    lowered = domain.lower()
    if not domain.isascii() or lowered.startswith("xn--") or ".xn--" in lowered:
        try:
            lowered = idna.encode(lowered, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise AddressError("has a domain that is not a valid internationalised name") from error
    if len(lowered) > MAX_DOMAIN_OCTETS or not _HOSTNAME.fullmatch(lowered):
        raise AddressError("has a domain that is not a host name")
    if lowered.rpartition(".")[2].isdigit():
        raise AddressError("has a number where the top-level domain should be")
    return lowered


def canonical(email: str) -> str:
    """The spelling by which a mailbox is looked up and compared: NFC, lower case, A-label domain, no trailing dot.

    Total: what is no address at all comes back lower-cased and normalised, and so matches nothing of ours.
    """
    # The same few addresses are asked for again and again: a mail's own, in its facets, thread and checks.
    return _canonical(email) if len(email) <= MAX_EMAIL_OCTETS else _canonical.__wrapped__(email)


@functools.lru_cache(maxsize=2048)
def _canonical(email: str) -> str:
    local, at, domain = email.strip().rpartition("@")
    return f"{_fold(local)}{at}{canonical_domain(domain)}"


def canonical_domain(domain: str) -> str:
    """The spelling that the DNS is asked for: lower-case A-labels, no trailing dot. Total, as `canonical` is."""
    domain = domain.rstrip(".")
    try:
        return parse_domain(domain)
    except AddressError:
        return _fold(domain)


def without_tag(email: str) -> str:
    """`ann+news@d` -> `ann@d`: the mailbox behind a sub-address (RFC 5233). A local part that starts with `+` stays."""
    local, at, domain = email.rpartition("@")
    base = local.partition("+")[0]
    return f"{base or local}{at}{domain}"


def needs_smtputf8(email: str) -> bool:
    """Whether only an SMTPUTF8 peer (RFC 6531) can take the address: its local part is not ASCII."""
    return not email.rpartition("@")[0].isascii()


def _split_name(text: str) -> tuple[str | None, str]:
    """`display-name <addr-spec>` or `addr-spec`, comments dropped (RFC 5322 3.2.2, 3.4)."""
    bare = _without_comments(text).strip(" \t")
    if not bare.endswith(">"):
        if "<" in bare or ">" in bare:
            raise AddressError("has text after the closing angle bracket")
        return None, bare
    phrase, _, email = bare[:-1].rpartition("<")
    phrase = phrase.strip(" \t")
    if ">" in email or "<" not in bare:
        raise AddressError("has unbalanced angle brackets")
    if phrase.startswith('"'):
        return _unquote(phrase), email
    if _PHRASE_SPECIALS.search(phrase):
        raise AddressError("has a name with special characters; put the name in double quotes")
    return phrase, email


def _without_comments(text: str) -> str:
    """The text less its parenthesised comments, nested ones too; quoted strings are left alone."""
    kept: list[str] = []
    depth = 0
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
            continue
        elif character == ")" and not quoted and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(character)
    if depth or quoted:
        raise AddressError("has a comment or quoted name that is never closed")
    return "".join(kept)


def _unquote(phrase: str) -> str:
    body = phrase[1:-1]
    if len(phrase) < 2 or not phrase.endswith('"') or re.search(r'(?<!\\)(?:\\\\)*"', body):
        raise AddressError("has a name that is only partly quoted")
    return re.sub(r"\\(.)", r"\1", body)


def _display_name(name: str | None) -> str | None:
    """The name to show, or None. Control characters could end a header line and are refused."""
    if name is None or not (trimmed := name.strip(" \t")):
        return None
    if len(trimmed) > MAX_NAME_CHARACTERS:
        raise AddressError(f"has a name longer than {MAX_NAME_CHARACTERS} characters")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in trimmed):
        raise AddressError("has a name with control characters")
    return trimmed


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def _has_forbidden(text: str) -> bool:
    return not text.isascii() and any(unicodedata.category(c) in _FORBIDDEN_CATEGORIES for c in text)
