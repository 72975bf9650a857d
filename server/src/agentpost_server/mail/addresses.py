"""Address headers as they come (RFC 5322 3.4, obsolete forms and worse), read in one linear pass.

Encoded words are decoded after the syntax has been read, so that none can forge it. Where a field is ambiguous every
candidate is returned: a reader that picks one of two is how the wrong author gets trusted.
"""

import re
from typing import Final

import idna

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.charsets import storable_header
from agentpost_server.mail.encoded_words import decode_words
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.model import Address

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|\[[^\]\[<>,;"]*\]?|[(<>,;:]|[^"(<>,;:\[]+|.', re.DOTALL)
_PARENTHESIS: Final = re.compile(r"\\.|[()]", re.DOTALL)
_QUOTING: Final = re.compile(r'\\(.)|"', re.DOTALL)
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII)
_LITERAL: Final = re.compile(r"\[[A-Za-z0-9:.]{1,60}\]", re.ASCII)
_LOCAL: Final = re.compile(r"[^\s\x00-\x20\x7f()<>\[\]:;,@\\\"]+")
_QUOTED_LOCAL: Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_SPACES: Final = re.compile(r"\s+")
_DOMAIN_CHARACTERS: Final = 253


class _Reader:
    """The state of one field while its tokens go by."""

    def __init__(self, findings: Findings, limit: int) -> None:
        self.findings = findings
        self.limit = limit
        self.found: list[Address] = []
        self.attempts = 0
        self.groups = 0
        self.words: list[str] = []
        self.comment = ""
        self.angle: list[str] | None = None
        self.closed_angle: str | None = None

    @property
    def full(self) -> bool:
        return len(self.found) >= self.limit or self.attempts > limits.ADDRESSES

    def end_mailbox(self) -> None:
        if self.angle is not None:
            self.closed_angle = "".join(self.angle)
            self.findings.defect("bad_address")
        if self.closed_angle is not None:
            self._add(_without_route(self.closed_angle.strip()), "".join(self.words).strip() or self.comment)
        elif self.words:
            self._end_bare("".join(self.words).strip())
        self.words, self.comment, self.angle, self.closed_angle = [], "", None, None

    def _end_bare(self, text: str) -> None:
        if not text:
            return
        if text.startswith('"') or " " not in text:
            self._add(text, self.comment)
            return
        candidates = [word for word in text.split() if "@" in word.strip("@")]
        if len(candidates) == 1:
            self._add(candidates[0], self.comment or text.replace(candidates[0], "").strip())
            return
        self.findings.defect("bad_address")
        for word in candidates:
            self._add(word, "")

    def _add(self, spec: str, name: str) -> None:
        if not spec and not name:
            return
        # What is no address costs as much as what is one.
        self.attempts += 1
        if self.full:
            self.findings.limit("address_limit")
            return
        email = normalise(spec)
        if email is None:
            self.findings.defect("bad_address")
        else:
            self.found.append(Address(email=email, name=display_name(name, self.findings) or None))


def read_addresses(
    fields: list[str], findings: Findings, limit: int = limits.ADDRESSES
) -> tuple[tuple[Address, ...], int]:
    """Mailboxes of all `fields` in order, the first `limit`, and how many groups (RFC 5322 3.4) stood among them."""
    found: list[Address] = []
    groups = 0
    for raw in fields:
        if len(found) >= limit:
            findings.limit("address_limit")
            break
        reader = _Reader(findings, limit - len(found))
        _read_field(raw, reader)
        found += reader.found
        groups += reader.groups
    return tuple(found), groups


def normalise(spec: str) -> str | None:
    """An addr-spec as `local@domain`, domain as A-label in lower case; None when it is none. Local parts keep case."""
    local, at, domain = spec.rpartition("@")
    if not at or len(spec) > limits.ADDRESS_CHARACTERS:
        return None
    local, domain = local.strip(), domain.strip().rstrip(".")
    if local.startswith('"'):
        if not _QUOTED_LOCAL.fullmatch(local):
            return None
        inner = _QUOTING.sub(r"\1", local[1:-1])
        local = inner if _LOCAL.fullmatch(inner) and "@" not in inner else local
    elif not _LOCAL.fullmatch(local):
        return None
    host = _host(domain)
    return storable_header(f"{local}@{host}") if host and local else None


def display_name(text: str, findings: Findings) -> str:
    """A display name as people see it: unquoted, encoded words decoded, one line, at most 320 characters."""
    text = text[: limits.STRUCTURED_VALUE_CHARACTERS]
    if '"' in text or "\\" in text:
        text = _QUOTING.sub(r"\1", text)
    text = _SPACES.sub(" ", storable_header(decode_words(text, findings))).strip()
    if text.startswith("'") and text.endswith("'"):
        text = text[1:-1]
    return text[: limits.DISPLAY_NAME_CHARACTERS]


def _read_field(raw: str, reader: _Reader) -> None:
    position, end = 0, len(raw)
    while position < end:
        if reader.full:
            reader.findings.limit("address_limit")
            return
        match = _TOKEN.match(raw, position)
        if match is None:
            break
        lexeme, position = match[0], match.end()
        if lexeme == "(":
            start, position = position, _comment_end(raw, position)
            reader.comment = reader.comment or raw[start : position - 1]
        elif reader.angle is not None:
            _read_in_angle(lexeme, reader)
        elif lexeme == "<":
            if reader.closed_angle is not None:
                reader.findings.defect("bad_address")
                reader.end_mailbox()
            reader.angle = []
        elif lexeme in ",;":
            reader.end_mailbox()
        elif lexeme == ":":
            reader.groups += 1
            reader.words = []
        elif reader.closed_angle is None:
            reader.words.append(lexeme)
        elif lexeme.strip():
            reader.findings.defect("bad_address")
            if "@" in lexeme:
                reader.end_mailbox()
                reader.words.append(lexeme)
    reader.end_mailbox()


def _read_in_angle(lexeme: str, reader: _Reader) -> None:
    angle = reader.angle
    if angle is None:
        return
    if lexeme == ">":
        reader.closed_angle, reader.angle = "".join(angle), None
    elif lexeme in "<;" or (lexeme == "," and angle and not angle[0].lstrip().startswith("@")):
        reader.end_mailbox()
        reader.angle = [] if lexeme == "<" else None
    else:
        angle.append(lexeme)


def _comment_end(raw: str, position: int) -> int:
    depth = 1
    for match in _PARENTHESIS.finditer(raw, position):
        depth += (match[0] == "(") - (match[0] == ")")
        if depth == 0:
            return match.end()
    return len(raw) + 1


def _without_route(spec: str) -> str:
    """`@a,@b:c@d` is `c@d` (RFC 5322 4.4: routes are accepted and ignored)."""
    return spec.partition(":")[2].strip() if spec.startswith("@") else spec


def _host(domain: str) -> str | None:
    if not domain or len(domain) > _DOMAIN_CHARACTERS:
        return None
    if domain.isascii():
        if _HOST.fullmatch(domain) and ".." not in domain:
            return domain.lower()
        return domain.lower() if _LITERAL.fullmatch(domain) else None
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return None
