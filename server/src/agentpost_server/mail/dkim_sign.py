"""Signing mail by DKIM (RFC 6376), relaxed/relaxed, with RSA or Ed25519 (RFC 8463). Pure.

Signed are the fields that say who wrote what to whom and how to read it, each named once more than it stands, so that
nobody can add a second one below our signature. No `l=`: what is not signed is not ours.
"""

import base64
import hashlib
import re
from datetime import datetime
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SigningKey = RSAPrivateKey | Ed25519PrivateKey

_LEAST_BITS: Final = 2048
_ONCE_MORE: Final = (
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
# As often as they stand: forwarders may add their own of these (RFC 6376 5.4.1), and RFC 8058 4 wants ours signed.
_AS_THEY_STAND: Final = ("auto-submitted", "list-id", "list-unsubscribe", "list-unsubscribe-post")
_NEXT_FIELD: Final = re.compile(rb"\r\n(?![ \t])")
_BLANKS: Final = re.compile(rb"[ \t]{2,}|\t")
_FOLDED_BLANKS: Final = re.compile(rb"[ \t\r\n]+")
_EMPTY_LINES: Final = re.compile(rb"(?:\n\r)*")
_LINE: Final = 72


class Signer:
    """Whose signature it is: `d=` and `s=` as A-labels, and the private key whose public half stands in the DNS.

    Not a Struct: msgspec reads the types of what a Runtime holds, and knows no union of foreign ones.
    """

    __slots__ = ("domain", "key", "selector")

    def __init__(self, *, domain: str, selector: str, key: SigningKey) -> None:
        self.domain = domain
        self.selector = selector
        self.key = key


def load_key(pem: bytes, *, made_here: bool = False) -> SigningKey:
    """A private key in PEM without a password. ValueError says what is wrong with it. Whether its primes are primes is
    not asked of a key that was `made_here`: that takes 50 ms, on the event loop and in a transaction."""
    try:
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=made_here)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("it is not a private key in PEM without a password") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("it is neither an RSA nor an Ed25519 key")
    if key.key_size < _LEAST_BITS:
        raise ValueError(f"it is an RSA key of {key.key_size} bits; at least {_LEAST_BITS} are needed")
    return key


def public_record(key: SigningKey) -> str:
    """The TXT record that `selector._domainkey.domain` must have (RFC 6376 3.6.1)."""
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        octets, kind = public.public_bytes(Encoding.Raw, PublicFormat.Raw), "ed25519"
    else:
        octets, kind = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "rsa"
    return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode()}"


def sign(raw: bytes, signer: Signer, *, now: datetime) -> bytes:
    """The `DKIM-Signature` field with its CRLF, to stand before `raw` (CRLF line ends, unchanged from here on)."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = _fields(head)
    names = _signed_names(fields)
    algorithm = "ed25519-sha256" if isinstance(signer.key, Ed25519PrivateKey) else "rsa-sha256"
    body_hash = base64.b64encode(hashlib.sha256(canonical_body(body)).digest()).decode()
    unsigned = (
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n"
        f" d={signer.domain}; s={signer.selector};\r\n"
        f" t={int(now.timestamp())};\r\n"
        f" h={_broken(names)};\r\n"
        f" bh={body_hash};\r\n"
        " b="
    ).encode()
    lines = [*_chosen(fields, names), _canonical_field(unsigned)]
    signature = base64.b64encode(_signature(signer.key, b"\r\n".join(lines))).decode()
    pieces = [signature[start : start + _LINE] for start in range(0, len(signature), _LINE)]
    return unsigned + "\r\n ".join(pieces).encode() + b"\r\n"


def canonical_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4: runs of blanks are one, none at a line's end, no empty lines at the end, then one CRLF."""
    if b"  " in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body)
    body = body.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    # Read from behind, because a search for "empty lines up to the end" is quadratic where there are many elsewhere.
    tail = body[len(body.rstrip(b"\r\n")) :][::-1]
    empty = _EMPTY_LINES.match(tail)
    body = body[: len(body) - (empty.end() if empty else 0)]
    return body + b"\r\n" if body else b""


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """(lower-case name, canonical field) of each, from the last to the first: the order in which `h=` takes them."""
    found: list[tuple[str, bytes]] = []
    for field in reversed(_NEXT_FIELD.split(head)):
        name, colon, _ = field.partition(b":")
        if colon:
            found.append((name.strip(b" \t").lower().decode("latin-1"), field))
    return found


def _signed_names(fields: list[tuple[str, bytes]]) -> list[str]:
    names = [name for name, _ in fields]
    wanted = [name for name in _AS_THEY_STAND for _ in range(names.count(name))]
    return [*(name for name in _ONCE_MORE for _ in range(names.count(name) + 1)), *wanted]


def _chosen(fields: list[tuple[str, bytes]], names: list[str]) -> list[bytes]:
    """The canonical fields in the order of `h=`; a name that is left over stands for nothing (RFC 6376 5.4.2)."""
    standing: dict[str, list[bytes]] = {}
    for name, field in fields:
        standing.setdefault(name, []).append(field)
    return [_canonical_field(standing[name].pop(0)) for name in names if standing.get(name)]


def _canonical_field(field: bytes) -> bytes:
    """RFC 6376 3.4.2, without the CRLF at its end."""
    name, _, value = field.partition(b":")
    return name.strip(b" \t").lower() + b":" + _FOLDED_BLANKS.sub(b" ", value).strip(b" ")


def _broken(names: list[str]) -> str:
    """The names joined by colons, in lines short enough for every relay."""
    lines: list[str] = []
    line = ""
    for name in names:
        if len(line) + len(name) >= _LINE:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return "\r\n ".join([*lines, line.removesuffix(":")])


def _signature(key: SigningKey, signed: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(hashlib.sha256(signed).digest())
    return key.sign(signed, PKCS1v15(), hashes.SHA256())
