"""Scripted correspondents of a test environment: what one does about a mail, by its place in the conversation. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from agentpost_server.mail.authentication import Authentication
from agentpost_server.mail.compose import OutgoingMail
from agentpost_server.ports.transport import Outcome
from agentpost_server.sandbox import answers
from agentpost_server.sandbox.answers import Asked
from agentpost_server.sandbox.model import Afterwards, ChosenAuthentication, Turn
from agentpost_server.sandbox.personas import BUSY, DELIVERED, GONE, SILENT, Reaction

_SILENCE: Final = Turn(do="silence")
_ENDS: Final[dict[str, Outcome]] = {"bounce": GONE, "soft_bounce": BUSY, "timeout": SILENT}
_NO_WORDS: Final = "Thank you, I have it.\n"


class Scripted(msgspec.Struct, frozen=True, kw_only=True):
    """A correspondent as stored."""

    email: str
    name: str | None
    script: tuple[Turn, ...]
    afterwards: Afterwards
    authentication: ChosenAuthentication | None


def scripted_of(row: Any) -> Scripted:
    chosen = row["authentication"]
    return Scripted(
        email=row["email"],
        name=row["name"],
        script=msgspec.json.decode(row["script"], type=tuple[Turn, ...]),
        afterwards=row["afterwards"],
        authentication=None if chosen is None else msgspec.json.decode(chosen, type=ChosenAuthentication),
    )


def turn_of(persona: Scripted, number: int) -> Turn:
    """What is done about the `number`th mail of a conversation, counted from 1."""
    script: Sequence[Turn] = persona.script
    if number <= len(script):
        return script[number - 1]
    if not script or persona.afterwards == "silence":
        return _SILENCE
    return script[-1] if persona.afterwards == "repeat" else script[(number - 1) % len(script)]


def play(persona: Scripted, number: int, asked: Asked, *, tries: int) -> Reaction:
    """`tries`: how often this mail was handed over, this time included."""
    turn = turn_of(persona, number)
    if tries <= turn.defer:
        return Reaction(outcome=BUSY)
    if turn.do in _ENDS:
        return Reaction(outcome=_ENDS[turn.do])
    return Reaction(
        outcome=DELIVERED,
        answer=_written(turn, asked),
        after_seconds=turn.after_seconds,
        complains=turn.do == "complain",
    )


def results_of(chosen: ChosenAuthentication | None, author_domain: str) -> Authentication:
    """As if this server had checked; None: everything passes. What passes does so for the author's own domain."""
    said = chosen or ChosenAuthentication(spf="pass", dkim="pass", dmarc="pass")
    vouched = said.dmarc == "pass" or said.dkim == "pass"
    by = [name for name in ("spf", "dkim") if getattr(said, name) == "pass"]
    return Authentication(
        **msgspec.structs.asdict(said),
        checked_by="agentpost",
        author_domain=author_domain,
        aligned_domain=author_domain if vouched else None,
        dkim_domain=author_domain if said.dkim == "pass" else None,
        aligned_by=tuple(by),  # pyright: ignore[reportArgumentType]
    )


def _written(turn: Turn, asked: Asked) -> OutgoingMail | None:
    if turn.do == "out_of_office":
        # Programs do not answer programs (RFC 3834); a person may.
        return _worded(answers.out_of_office(asked), turn) if asked.mail.loop_class == "none" else None
    if turn.do == "attack":
        return _worded(answers.injection(asked), turn)
    if turn.do == "answer":
        return _worded(answers.reply(asked, text_body=_NO_WORDS), turn)
    return None


def _worded(mail: OutgoingMail, turn: Turn) -> OutgoingMail:
    """With the script's own words where it has some."""
    if turn.text_body is not None or turn.html_body is not None:
        mail = msgspec.structs.replace(mail, text_body=turn.text_body, html_body=turn.html_body)
    return mail if turn.subject is None else msgspec.structs.replace(mail, subject=turn.subject)
