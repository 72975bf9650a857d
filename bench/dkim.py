"""DKIM signatures a second, ours beside dkimpy's: the same mail, the same RSA key of 2,048 bits, one thread."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agentpost_server.mail.dkim_sign import Signer, sign
from bench.mails import mail_maker
from bench.table import ROUNDS, Row, compared

_SECONDS = 1.0
_AIM = 10.0


async def measure() -> list[Row]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    signer, now = Signer(domain="bench.test", selector="s1", key=key), datetime.now(UTC)
    raw = mail_maker(5000)().removesuffix(b".\r\n")
    relaxed = (b"relaxed", b"relaxed")
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        ours.append(_rate(lambda: sign(raw, signer, now=now)))
        theirs.append(_rate(lambda: dkim.sign(raw, b"s1", b"bench.test", pem, canonicalize=relaxed)))
    return [compared("DKIM signatures/s, RSA 2048", ours, theirs, unit="", other="dkimpy", aim=_AIM)]


def _rate(act: Callable[[], bytes]) -> float:
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < _SECONDS:
        act()
        count += 1
    return count / took
