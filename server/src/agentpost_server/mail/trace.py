"""The lines that we put on top of a mail when it is shown: Return-Path, Received, Authentication-Results.

They are kept beside the bytes as received, never inside. What the bytes carry in our name is left out (RFC 8601 5):
a reader could not tell it from ours.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from agentpost_server.mail.parsed import Headers

# What may stand in a domain, an address literal or a host name that a stranger gave.
_NOT_HOST: Final = re.compile(r"[^A-Za-z0-9.:\[\]_-]")
_NOT_ATOM: Final = re.compile(r"[^A-Za-z0-9._+-]")
_UNSAFE: Final = re.compile("[\x00-\x20\x7f-\x9f<>()\\\\\u2028\u2029\ud800-\udfff]")
_VALUE_CHARACTERS: Final = 320

_REMOVABLE: Final = re.compile(
    rb"\n(?:(return-path)|(authentication-results))[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE
)
_NOT_SPACE: Final = re.compile(rb"\S")
_PARENTHESIS: Final = re.compile(rb"\\.|[()]", re.DOTALL)
_QUOTED_OR_TOKEN: Final = re.compile(rb'"((?:[^"\\]|\\.)*+)"|([^\s;()"]+)', re.DOTALL)


def render_trace(
    *,
    mail_from: str,
    rcpt_to: str | None,
    helo: str | None,
    client_ip: str | None,
    hostname: str,
    protocol: str,
    queue_id: str,
    received_at: datetime,
    authserv_id: str,
    authentication: Mapping[str, str | None] | None,
) -> bytes:
    """Return-Path and Received (RFC 5321 4.4), and Authentication-Results (RFC 8601) when there are any.

    `mail_from` is "" for the null sender. `rcpt_to` only when the mail had one recipient: others are nobody's
    business (RFC 5321 7.2). `protocol` is `ESMTPS` and its like (RFC 3848). `authentication` has the keys of a
    message (SPEC 22). No value can bring a line end in. Lines end with CRLF.
    """
    lines = [
        f"Return-Path: <{_address(mail_from)}>",
        *_received(
            rcpt_to=rcpt_to,
            helo=helo,
            client_ip=client_ip,
            hostname=hostname,
            protocol=protocol,
            queue_id=queue_id,
            received_at=received_at,
        ),
    ]
    if authentication is not None:
        lines += _authentication_results(authserv_id, authentication, mail_from, helo)
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def shown_raw(trace: bytes, original: bytes, authserv_id: str) -> bytes:
    """The mail as it is shown: our trace, then the bytes as received without any Return-Path, and without the
    Authentication-Results that claim to be ours (S-49). Only the header section is touched."""
    section_end = _section_end(original)
    # A line end in front lets one pattern find the first field as it finds the others.
    section = b"\n" + original[:section_end]
    ours = authserv_id.strip().lower().encode("utf-8")

    def keep(field: re.Match[bytes]) -> bytes:
        return b"" if field[1] is not None or _names(field[3], ours) else field[0]

    return trace + _REMOVABLE.sub(keep, section).removeprefix(b"\n") + original[section_end:]


def without_forged(headers: Headers, authserv_id: str) -> Headers:
    """A mail's fields without the Authentication-Results that claim to be ours (S-49)."""
    ours = authserv_id.strip().lower().encode("utf-8")
    return tuple(
        (name, value)
        for name, value in headers
        if name.strip().lower() != "authentication-results" or not _names(value.encode("utf-8", "replace"), ours)
    )


def _received(
    *,
    rcpt_to: str | None,
    helo: str | None,
    client_ip: str | None,
    hostname: str,
    protocol: str,
    queue_id: str,
    received_at: datetime,
) -> list[str]:
    origin = _host(helo or "") or "unknown"
    literal = _host(client_ip or "")
    if ":" in literal and not literal.lower().startswith("ipv6:"):
        literal = f"IPv6:{literal}"
    lines = [f"Received: from {origin} ([{literal}])" if literal else f"Received: from {origin}"]
    lines.append(f"\tby {_host(hostname)} (AgentPost) with {_atom(protocol)} id {_atom(queue_id)}")
    if rcpt_to:
        lines.append(f"\tfor <{_address(rcpt_to)}>")
    lines[-1] += ";"
    return [*lines, f"\t{format_datetime(received_at)}"]


def _authentication_results(
    authserv_id: str, results: Mapping[str, str | None], mail_from: str, helo: str | None
) -> list[str]:
    """RFC 8601 2.2; what a provider told is marked by its name, and a sealer who stands in for DMARC by his."""
    told_by = results.get("checked_by")
    comment = f" ({_atom(told_by)})" if told_by and told_by != "agentpost" else ""
    pieces: list[str] = []
    for method in ("spf", "dkim", "dmarc", "arc"):
        result = _atom(results.get(method) or "")
        if result:
            name, domain = _property(method, results, mail_from, helo)
            reason = results.get("arc_sealer") if method == "dmarc" else None
            said = f' reason="sealed by {_host(reason)}"' if reason else ""
            told = f" {name}={_host(domain)}" if domain and _host(domain) else ""
            pieces.append(f"{method}={result}{said}{told}")
    lines = [f"Authentication-Results: {_host(authserv_id)}{comment};"]
    return lines + [f"\t{piece};" for piece in pieces[:-1]] + [f"\t{piece}" for piece in pieces[-1:] or ["none"]]


def _property(
    method: str, results: Mapping[str, str | None], mail_from: str, helo: str | None
) -> tuple[str, str | None]:
    """Which domain the method's result is about."""
    aligned = results.get("aligned_domain")
    if method == "spf":
        return ("smtp.mailfrom", mail_from.rpartition("@")[2]) if mail_from else ("smtp.helo", helo)
    if method == "dkim":
        return "header.d", results.get("dkim_domain", aligned)
    return "header.from", results.get("author_domain", aligned) if method == "dmarc" else None


def _section_end(original: bytes) -> int:
    if original.startswith((b"\r\n", b"\n")):
        return 0
    crlf = original.find(b"\n\r\n")
    lf = original.find(b"\n\n", 0, len(original) if crlf < 0 else crlf + 1)
    ends = [end for end in (crlf, lf) if end >= 0]
    return min(ends) + 1 if ends else len(original)


def _names(value: bytes, authserv_id: bytes) -> bool:
    """Whether an Authentication-Results value begins with that identifier, behind any comments, quoted or not.

    A value that cannot be read is taken for a forgery.
    """
    found = _QUOTED_OR_TOKEN.match(value, _after_comments(value))
    if found is None:
        return True
    name = re.sub(rb"\\(.)", rb"\1", found[1]) if found[1] is not None else found[2]
    return name.lower().rstrip(b".") == authserv_id.rstrip(b".")


def _after_comments(value: bytes) -> int:
    depth = 0
    position = _after_space(value, 0)
    for match in _PARENTHESIS.finditer(value):
        if depth == 0 and match.start() > position:
            break
        depth += (match[0] == b"(") - (match[0] == b")")
        if depth < 0:
            return len(value)
        if depth == 0:
            position = _after_space(value, match.end())
    return position if depth == 0 else len(value)


def _after_space(value: bytes, position: int) -> int:
    found = _NOT_SPACE.search(value, position)
    return found.start() if found else len(value)


def _host(text: str) -> str:
    return _NOT_HOST.sub("", text)[:_VALUE_CHARACTERS].strip("[]")


def _atom(text: str) -> str:
    return _NOT_ATOM.sub("", text)[:_VALUE_CHARACTERS]


def _address(text: str) -> str:
    return _UNSAFE.sub("", text)[:_VALUE_CHARACTERS]
