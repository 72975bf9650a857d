"""ARC (RFC 8617): what those who passed a mail on said of it when it reached them.

A chain that holds proves who said it, not that it is true: it counts only for sealers that the operator trusts.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from typing import Final, Literal

import msgspec

from agentpost_server.screening.authentication.fields import Field, SignedMail, relaxed_field, value_of
from agentpost_server.screening.authentication.keys import Key, Signer, find_key, is_signed_by
from agentpost_server.screening.authentication.lookups import Lookups
from agentpost_server.screening.authentication.signatures import (
    Bodies,
    Signature,
    decoded,
    read_signature,
    read_signer,
    unsigned,
    verifies,
)
from agentpost_server.screening.authentication.tags import read_tags

SETS: Final = 50
_INSTANCE: Final = re.compile(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*;")
_NAMES: Final = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT: Final = re.compile(r"\((?:[^()\\]|\\.)*\)")
_NESTED: Final = 5
_DMARC_PASS: Final = re.compile(r"dmarc(?:/1)?=pass(?![^ ])(?:.* header\.from=([^ ]+))?.*", re.IGNORECASE)


class Seal(msgspec.Struct, frozen=True):
    """The ARC-Seal of one set."""

    field: Field
    signer: Signer
    value: bytes
    chain: str


class ArcSet(msgspec.Struct, frozen=True):
    """What one sealer added, the results it saw among it."""

    results: Field
    message: Signature
    seal: Seal


class Chain(msgspec.Struct, frozen=True):
    """`sets` only where `result` is `pass`, oldest first."""

    result: Literal["pass", "fail", "none"]
    sets: tuple[ArcSet, ...] = ()


_NO_CHAIN: Final = Chain("none")
_BROKEN: Final = Chain("fail")


async def check_arc(lookups: Lookups, mail: SignedMail, bodies: Bodies, *, in_thread: bool) -> Chain:
    """RFC 8617 5.2: structure first, which asks nobody, then the newest signature, then every seal."""
    if not any(field.name in _NAMES for field in mail.fields):
        return _NO_CHAIN
    sets = _sets(mail) if mail.is_bounded else None
    if sets is None:
        return _BROKEN
    message = sets[-1].message
    signers = {one.seal.signer for one in sets} | {message.signer}
    keys = dict(zip(signers, await asyncio.gather(*(find_key(lookups, one) for one in signers)), strict=True))
    known = {signer: key for signer, key in keys.items() if isinstance(key, Key)}
    if len(known) < len(signers):
        return _BROKEN
    if in_thread:
        good = await asyncio.to_thread(_holds, mail, bodies, sets, known)
    else:
        good = _holds(mail, bodies, sets, known)
    return Chain("pass", sets) if good else _BROKEN


def _holds(mail: SignedMail, bodies: Bodies, sets: tuple[ArcSet, ...], keys: Mapping[Signer, Key]) -> bool:
    message = sets[-1].message
    return verifies(mail, bodies, message, keys[message.signer]) and all(
        is_signed_by(keys[one.seal.signer], one.seal.value, _sealed(sets[: position + 1]))
        for position, one in enumerate(sets)
    )


def trusted_sealer(chain: Chain, sealers: Collection[str], author_domain: str) -> str | None:
    """The trusted sealer that saw DMARC pass for this author, where nobody touched the mail since but trusted ones.

    Of the unbroken run of trusted seals at the end, the oldest tells: what came before may be anybody's invention.
    """
    telling: ArcSet | None = None
    for one in reversed(chain.sets):
        if one.seal.signer.domain not in sealers:
            break
        telling = one
    if telling is None or not _saw_dmarc_pass(telling.results, author_domain):
        return None
    return telling.seal.signer.domain


def _sets(mail: SignedMail) -> tuple[ArcSet, ...] | None:
    """The sets 1 to n, complete and well formed, with the `cv=` that each must have; None for anything else."""
    found: dict[int, dict[bytes, Field]] = {}
    for field in mail.fields:
        if field.name not in _NAMES:
            continue
        number = _instance(field)
        one = found.setdefault(number, {})
        if not 1 <= number <= SETS or field.name in one:
            return None
        one[field.name] = field
    sets: list[ArcSet] = []
    for number in range(1, len(found) + 1):
        one = _set(found.get(number, {}))
        if one is None or one.seal.chain != ("none" if number == 1 else "pass"):
            return None
        sets.append(one)
    return tuple(sets)


def _instance(field: Field) -> int:
    if field.name == _NAMES[0]:
        found = _INSTANCE.match(value_of(field))
        return int(found[1]) if found else 0
    text = (read_tags(value_of(field)) or {}).get("i", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0


def _set(fields: dict[bytes, Field]) -> ArcSet | None:
    if len(fields) != len(_NAMES):
        return None
    message = read_signature(fields[_NAMES[1]], arc=True)
    seal = _seal(fields[_NAMES[2]])
    return None if message is None or message.partial or seal is None else ArcSet(fields[_NAMES[0]], message, seal)


def _seal(field: Field) -> Seal | None:
    tags = read_tags(value_of(field))
    if tags is None or not {"a", "b", "cv", "d", "s"} <= tags.keys() or {"h", "bh", "c", "l"} & tags.keys():
        return None
    signer, value = read_signer(tags), decoded(tags["b"])
    if signer is None or not value:
        return None
    return Seal(field, signer, value, tags["cv"].lower())


def _sealed(sets: tuple[ArcSet, ...]) -> bytes:
    """RFC 8617 5.1.1: all sets in order, relaxed, the last seal without its own value."""
    lines: list[bytes] = []
    for one in sets:
        lines += (
            relaxed_field(one.results.raw),
            relaxed_field(one.message.field.raw),
            relaxed_field(one.seal.field.raw),
        )
    lines[-1] = relaxed_field(unsigned(sets[-1].seal.field.raw))
    return b"\r\n".join(lines)


def _saw_dmarc_pass(results: Field, author_domain: str) -> bool:
    """Whether one `dmarc` stands there, and it is `pass` for that author. Quoted text and comments say nothing."""
    text = _QUOTED.sub('""', value_of(results).decode("utf-8", "replace"))
    for _ in range(_NESTED):
        text = _COMMENT.sub(" ", text)
    pieces = [" ".join(piece.replace(" =", "=").replace("= ", "=").split()) for piece in text.split(";")[2:]]
    told = [piece for piece in pieces if piece.lower().startswith("dmarc")]
    found = _DMARC_PASS.fullmatch(told[0]) if len(told) == 1 and "(" not in text else None
    return found is not None and (found[1] or author_domain).lower() == author_domain
