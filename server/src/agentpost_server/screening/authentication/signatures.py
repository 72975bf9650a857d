"""One signature over a mail: DKIM-Signature and ARC-Message-Signature are the same but for a tag (RFC 6376, RFC 8617
4.1.2). Reading it costs no look-up, checking it no more than the mail's own length.
"""

import base64
import binascii
import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from agentpost_server.mail.address import canonical_domain
from agentpost_server.screening.authentication.fields import Field, SignedMail, body_hash, relaxed_field, value_of
from agentpost_server.screening.authentication.keys import Key, Signer, is_signed_by
from agentpost_server.screening.authentication.tags import read_tags, without_blanks, words

_ALGORITHMS: Final[dict[str, Literal["rsa", "ed25519"]]] = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_CANONICAL: Final = frozenset({"simple", "relaxed"})
_DOMAIN: Final = re.compile(r"(?=.{3,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})+")
_SELECTOR: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
# The value of the tag b, which signs itself as empty.
_OWN_VALUE: Final = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_NAMES: Final = 1_000
_CLOCK_SLACK: Final = timedelta(minutes=5)


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature field claims, well formed. `partial`: it signs only a beginning of the body (`l=`)."""

    field: Field
    signer: Signer
    relaxed_header: bool
    relaxed_body: bool
    names: tuple[bytes, ...]
    body_hash: bytes
    value: bytes
    expires: int | None
    below: bool
    """Its identity (`i=`) is in a domain below the signer's."""
    partial: bool


def read_signature(field: Field, *, arc: bool = False) -> Signature | None:
    """None for what breaks the grammar, leaves From unsigned or is of an algorithm that proves nothing (RFC 8301)."""
    tags = read_tags(value_of(field))
    if tags is None or not {"a", "b", "bh", "d", "h", "s"} <= tags.keys() or (not arc and tags.get("v") != "1"):
        return None
    signer = read_signer(tags)
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    body = body or "simple"
    names = tuple(word.encode() for word in words(tags["h"]))
    if signer is None or not {header, body} <= _CANONICAL or b"from" not in names or len(names) > _NAMES:
        return None
    if arc and b"arc-seal" in names:
        return None
    identity = "" if arc else _in_a_labels(tags.get("i", "").rpartition("@")[2])
    if identity and identity != signer.domain and not identity.endswith(f".{signer.domain}"):
        return None
    value, bh = decoded(tags["b"]), decoded(tags["bh"])
    numbers = [tags[name] for name in ("x", "t", "l") if name in tags]
    if not value or not bh or not all(_NUMBER.fullmatch(one) for one in numbers):
        return None
    if "x" in tags and int(tags["x"]) < int(tags.get("t", "0")):
        return None
    if "q" in tags and "dns/txt" not in words(tags["q"]):
        return None
    return Signature(
        field=field,
        signer=signer,
        relaxed_header=header == "relaxed",
        relaxed_body=body == "relaxed",
        names=names,
        body_hash=bh,
        value=value,
        expires=int(tags["x"]) if "x" in tags else None,
        below=bool(identity) and identity != signer.domain,
        partial="l" in tags,
    )


def read_signer(tags: Mapping[str, str]) -> Signer | None:
    """Whose key to ask for, and its kind, of the tags `a`, `d` and `s`."""
    kind = _ALGORITHMS.get(tags["a"].lower())
    domain, selector = _in_a_labels(tags["d"]), _in_a_labels(tags["s"])
    if kind is None or not _DOMAIN.fullmatch(domain) or not _SELECTOR.fullmatch(selector):
        return None
    return Signer(kind, domain, selector)


def _in_a_labels(name: str) -> str:
    """Internationalized mail may name its signer in his own script (RFC 8616 5)."""
    return name.lower() if name.isascii() else canonical_domain(name)


def decoded(text: str) -> bytes:
    """Base64 of a tag; b"" for what is none."""
    try:
        return base64.b64decode(without_blanks(text), validate=True)
    except (binascii.Error, ValueError):
        return b""


def is_expired(signature: Signature, at: datetime) -> bool:
    return signature.expires is not None and signature.expires < (at - _CLOCK_SLACK).timestamp()


class Bodies:
    """The body hashes of one mail, each made once however many signatures name it."""

    def __init__(self, mail: SignedMail) -> None:
        self._mail = mail
        self._known: dict[bool, bytes] = {}
        self._turn = threading.Lock()

    def hash(self, *, relaxed: bool) -> bytes:
        with self._turn:
            if relaxed not in self._known:
                self._known[relaxed] = body_hash(self._mail, relaxed=relaxed)
            return self._known[relaxed]


def verifies(mail: SignedMail, bodies: Bodies, signature: Signature, key: Key) -> bool:
    """Whether header and body are what that key signed. Takes time: see `Bodies`."""
    if key.strict and signature.below:
        return False
    if signature.body_hash != bodies.hash(relaxed=signature.relaxed_body):
        return False
    return is_signed_by(key, signature.value, _signed_header(mail, signature))


def _signed_header(mail: SignedMail, signature: Signature) -> bytes:
    standing: dict[bytes, list[bytes]] = {}
    for field in mail.fields:
        if field is not signature.field:
            standing.setdefault(field.name, []).append(field.raw)
    # From the bottom up; a name that is left over stands for nothing (RFC 6376 5.4.2).
    lines = [standing[name].pop() for name in signature.names if standing.get(name)]
    lines.append(unsigned(signature.field.raw))
    return b"\r\n".join([relaxed_field(line) for line in lines] if signature.relaxed_header else lines)


def unsigned(raw: bytes) -> bytes:
    """A signature's field with an empty b=."""
    name, colon, value = raw.partition(b":")
    return name + colon + _OWN_VALUE.sub(rb"\1", value, count=1)
