"""Mail signed by dkimpy, as strangers' servers sign it, and the keys that a zone publishes for it."""

import base64
import time
from functools import cache
from types import SimpleNamespace

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from screening.authentication.zones import ZoneResolver

AUTHOR = "author.example"
MAIL = (
    b"From: Ann <ann@author.example>\r\nTo: bot@ours.example\r\nSubject: Hello  there\r\n"
    b"Message-ID: <1@author.example>\r\n\r\nOne  line \r\n\r\nand another\r\n\r\n\r\n"
)


@cache
def rsa_key(bits: int = 2048) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ed_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def rsa_record(bits: int = 2048, extra: str = "") -> str:
    octets = rsa_key(bits).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; {extra}p={base64.b64encode(octets).decode()}"


def ed_record() -> str:
    octets = ed_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(octets).decode()}"


def zone(**records: str) -> ZoneResolver:
    """`s` is the author's ordinary key, `e` the Ed25519 one; more by keyword."""
    resolver = ZoneResolver()
    for selector, record in {"s": rsa_record(), "e": ed_record(), **records}.items():
        resolver.publish(f"{selector}._domainkey.{AUTHOR}", record)
    return resolver


def pem(bits: int = 2048) -> bytes:
    return rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def signed(
    raw: bytes = MAIL,
    *,
    domain: str = AUTHOR,
    selector: str = "s",
    how: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    bits: int = 2048,
    length: bool = False,
) -> bytes:
    """The mail with dkimpy's RSA signature on top."""
    return (
        dkim.sign(raw, selector.encode(), domain.encode(), pem(bits), canonicalize=how, length=length)  # pyright: ignore[reportArgumentType]
        + raw
    )


def signed_ed(raw: bytes = MAIL) -> bytes:
    seed = base64.b64encode(ed_key().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    return dkim.sign(raw, b"e", AUTHOR.encode(), seed, signature_algorithm=b"ed25519-sha256") + raw


class _Result(SimpleNamespace):
    def __str__(self) -> str:
        return self.text


class _Header(SimpleNamespace):
    """As much of an Authentication-Results field as dkimpy's ARC signer asks of the package `authres`."""

    @classmethod
    def parse(cls, field: str) -> "_Header":
        name, *results = [" ".join(piece.split()) for piece in field.partition(":")[2].split(";")]
        pairs = [one.split(" ")[0].partition("=") for one in results]
        return cls(
            authserv_id=name,
            results=[
                _Result(method=method, result=result, text=text)
                for (method, _, result), text in zip(pairs, results, strict=True)
            ],
        )


def sealed(raw: bytes, sealer: str, *results: str) -> bytes:
    """The mail with an ARC set of `sealer` on top, who saw `results`: `"dmarc=pass header.from=…"`."""
    raw = f"Authentication-Results: {sealer}; {'; '.join(results)}\r\n".encode() + raw
    stand_in = SimpleNamespace(AuthenticationResultsHeader=_Header, core=SimpleNamespace(SyntaxError=ValueError))
    before = dkim.__dict__.get("authres")
    dkim.__dict__["authres"] = stand_in
    try:
        made = dkim.arc_sign(
            raw,
            b"arc",
            sealer.encode(),
            pem(),
            sealer.encode(),
            include_headers=[b"from", b"to", b"subject"],
            timestamp=str(int(time.time())),
        )
    finally:
        dkim.__dict__["authres"] = before
    assert len(made) == 3, "dkimpy made no set"
    return b"".join(made) + raw
