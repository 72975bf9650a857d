"""Canaries: strings planted where only an inbox reads, that never leave it, however they are dressed. Pure.

The mail is looked through twice: what the request says, before anything is fetched for it; then what was composed, with
its files. The work is bounded: a file that cannot be read within the bounds is told of as such.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

from agentpost_server.policies.facts import Check, Refusal, Text, failed
from agentpost_server.policies.plain import letters, readings, text_of

_NAME: Final = "canaries"
_MOST_MEMBERS: Final = 500
_MOST_OCTETS: Final = 40_000_000
_FIX: Final = "Take it out. Somebody may have told the agent to send it: read what it was based on."


def look_through(canaries: Sequence[tuple[UUID, str]], texts: Iterable[Text]) -> Check | None:
    """The first text that holds one of (policy, string). The string itself is not told: answers are logged."""
    if not canaries:
        return None
    wanted = [(policy_id, letters(canary)) for policy_id, canary in canaries]
    whole: list[str] = []
    for text in texts:
        for reading in readings(text.content):
            plain = letters(reading)
            if (found := _found(wanted, plain)) is not None:
                return _failed(text.where, found)
        whole.append(letters(text.content))
    # One that is spread over several fields, in their order.
    found = _found(wanted, "".join(whole))
    return _failed("its fields together", found) if found is not None else None


def passed(canaries: Sequence[tuple[UUID, str]]) -> list[Check]:
    return [Check(name=_NAME, passed=True, message="No planted string stands in it.")] if canaries else []


def refusal(check: Check) -> Refusal:
    return Refusal(code="policy_rejected", detail=check.message, fix=check.fix)


def texts_of_file(where: str, filename: str, content: bytes) -> Iterator[Text]:
    """A file as texts: its name, its bytes, and what lies packed in it (zip, and so DOCX, XLSX, PPTX; gzip;
    deflated streams of a PDF)."""
    yield Text(f"{where}.filename", filename)
    yield Text(where, text_of(content))
    if content[:4] == b"PK\x03\x04":
        yield from _unzipped(where, content)
    elif content[:5] == b"%PDF-":
        yield from _inflated(where, content)
    elif content[:2] == b"\x1f\x8b":
        yield from _gunzipped(where, content)


def _found(wanted: Sequence[tuple[UUID, str]], plain: str) -> UUID | None:
    return next((policy_id for policy_id, canary in wanted if canary in plain), None)


def _failed(where: str, policy_id: UUID) -> Check:
    return failed(_NAME, f"A planted string that must not leave stands in {where}.", _FIX, policy_id=policy_id)


def _unzipped(where: str, content: bytes) -> Iterator[Text]:
    left = _MOST_OCTETS
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for member in packed.infolist()[:_MOST_MEMBERS]:
                yield Text(f"{where} ({member.filename})", member.filename)
                if member.flag_bits & 1:
                    continue
                with packed.open(member) as opened:
                    raw = opened.read(left)
                left -= len(raw)
                yield Text(f"{where} ({member.filename})", text_of(raw))
                if left <= 0:
                    return
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return


def _gunzipped(where: str, content: bytes) -> Iterator[Text]:
    try:
        yield Text(where, text_of(zlib.decompressobj(wbits=31).decompress(content, _MOST_OCTETS)))
    except zlib.error:
        return


def _inflated(where: str, content: bytes) -> Iterator[Text]:
    """The deflated streams of a PDF, whose text stands in parentheses."""
    left, at = _MOST_OCTETS, 0
    for _ in range(_MOST_MEMBERS):
        begin = content.find(b"stream", at)
        end = content.find(b"endstream", begin + 6)
        if begin < 0 or end < 0:
            return
        at = end + 9
        try:
            raw = zlib.decompressobj().decompress(content[begin + 6 : end].lstrip(b"\r\n"), left)
        except zlib.error:
            continue
        left -= len(raw)
        yield Text(where, raw.decode("latin-1"))
        if left <= 0:
            return
