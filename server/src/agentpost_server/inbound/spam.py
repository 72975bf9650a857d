"""Mail from outside that has been read, with what the operator's helpers add to its score, and the label at the
threshold. No transaction is open while they are asked.
"""

from collections.abc import Sequence

import msgspec

from agentpost_server.inbound.reading import ReadMail
from agentpost_server.screening import Factor, Question, Screen, Verdict, verdict_of


async def screened(screen: Screen, read: Sequence[tuple[ReadMail, bytes]]) -> list[ReadMail]:
    """The mails in order, each with its raw bytes given; those of this server's own inboxes as they are."""
    judged = [(one, raw) for one, raw in read if one.verdict is not None]
    added: dict[int, tuple[Factor, ...]] = {}
    if judged and screen.has_helpers:
        answers = await screen.ask([_question(one, raw) for one, raw in judged])
        added = {id(one): answer for (one, _), answer in zip(judged, answers, strict=True)}
    return [
        one if one.verdict is None else _scored(one, one.verdict, added.get(id(one), ()), screen.threshold)
        for one, _ in read
    ]


def _question(one: ReadMail, raw: bytes) -> Question:
    mail = one.mail
    return Question(
        raw=raw,
        mail_from=mail.mail_from,
        recipients=mail.rcpt_to,
        # Other doors know the address of a provider only.
        client_ip=mail.client_ip if mail.source == "smtp" else None,
        helo=mail.helo,
    )


def _scored(one: ReadMail, verdict: Verdict, added: tuple[Factor, ...], threshold: float) -> ReadMail:
    """`_spam` in the envelope says why, for the operator; the API shows the score alone."""
    if added:
        verdict = verdict_of((*verdict.factors, *added))
    message = one.message
    envelope = {**(message.envelope or {}), "_spam": verdict.factors} if verdict.factors else message.envelope
    is_spam = 0 < threshold <= verdict.score
    labels = (*message.labels, "spam") if is_spam else message.labels
    message = msgspec.structs.replace(message, spam_score=verdict.score, labels=labels, envelope=envelope)
    return msgspec.structs.replace(one, message=message)
