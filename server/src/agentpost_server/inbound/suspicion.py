"""What the score for instructions makes of mails about to be stored: shown on them, a label, or a hold.

The configured model is asked before any transaction is open, for a batch at once.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server.inbound.reading import ReadMail
from agentpost_server.messages.new import NewMessage
from agentpost_server.screening.injection import Asked, Judge, Judgement, verdict_of

_BODY_CHARACTERS: Final = 7_000


async def weighed(judge: Judge, read: Sequence[ReadMail]) -> list[ReadMail]:
    """The mails in order, each with its `screening` and what its inbox's policies make of it."""
    asked = [
        Asked(organization_id=one.mail.claim.organization_id, judgement=one.judgement, content=_content(one.message))
        for one in read
        if one.judgement is not None
    ]
    judgements = iter(await judge.judged(asked))
    return [one if one.judgement is None else _judged(one, next(judgements)) for one in read]


def _judged(one: ReadMail, judgement: Judgement) -> ReadMail:
    message = one.message
    verdict = verdict_of(judgement, one.mail.thresholds)
    screening: dict[str, object] = {
        "score": judgement.score,
        "verdict": verdict,
        "detector": judgement.detector,
        "factors": judgement.factors,
    }
    labels = (*message.labels, "suspicious") if verdict != "pass" else message.labels
    if verdict == "hold" and message.status != "held":
        labels = (*labels, "held")
    status = "held" if verdict == "hold" else message.status
    message = msgspec.structs.replace(message, screening=screening, labels=labels, status=status)
    return msgspec.structs.replace(one, message=message)


def _content(message: NewMessage) -> str:
    """Subject, sender, files and body; the source of HTML, so that what it hides is judged, too."""
    body = message.html_body or message.text_body or ""
    if message.html_body and message.text_body:
        body = f"{message.text_body[: _BODY_CHARACTERS // 2]}\n\n{message.html_body[: _BODY_CHARACTERS // 2]}"
    files = ", ".join(one.filename[:200] for one in message.attachments[:5])
    author = message.from_address
    return f"From: {author.name or ''} <{author.email}>\nSubject: {message.subject[:500]}\nFiles: {files}\n\n{body}"[
        : _BODY_CHARACTERS + 1_000
    ]
