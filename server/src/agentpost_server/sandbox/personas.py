"""The people of `sandbox.test`: who answers, who bounces, who complains. Pure: a mail in, an outcome and answers out.

`NAME+anything@` does the same as `NAME@`. Nobody here answers what a program sent by itself, nor the tenth mail of a
conversation, so that two programs never talk for ever.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from agentpost_server.mail.address import canonical
from agentpost_server.mail.compose import OutgoingMail
from agentpost_server.mail.parsed import ParsedMail
from agentpost_server.ports.transport import Outcome
from agentpost_server.sandbox import answers
from agentpost_server.sandbox.answers import Asked

SLOW_SECONDS: Final = 30
_MOST_TURNS: Final = 10

DELIVERED: Final = Outcome(status="delivered", smtp_code=250, enhanced_code="2.0.0", detail="250 2.0.0 delivered")
GONE: Final = Outcome(status="refused", smtp_code=550, enhanced_code="5.1.1", detail="550 5.1.1 no such user here")
BUSY: Final = Outcome(
    status="deferred", smtp_code=450, enhanced_code="4.2.1", detail="450 4.2.1 mailbox busy, try again later"
)
LISTED: Final = Outcome(status="suppressed", detail="The address is on the provider's own suppression list.")
SILENT: Final = Outcome(status="unknown", detail="The connection timed out after the mail was handed over.")


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """`first` and `later`: the outcome of the first call and of those after it. `answer`: what it writes back."""

    first: Outcome = DELIVERED
    later: Outcome = DELIVERED
    answer: Callable[[Asked], OutgoingMail | None] | None = None
    after_seconds: int = 0
    complains: bool = False


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """What one persona does about one mail."""

    outcome: Outcome
    answer: OutgoingMail | None = None
    after_seconds: int = 0
    complains: bool = False


PERSONAS: Final[dict[str, Persona]] = {
    "echo": Persona(answer=answers.echo),
    "otp": Persona(answer=answers.otp),
    "support": Persona(answer=answers.support),
    "ooo": Persona(answer=answers.out_of_office),
    "newsletter": Persona(answer=answers.newsletter),
    "injection": Persona(answer=answers.injection),
    "slow": Persona(answer=answers.echo, after_seconds=SLOW_SECONDS),
    "bounce": Persona(first=GONE, later=GONE),
    "softbounce": Persona(first=BUSY, later=BUSY),
    "complaint": Persona(complains=True),
    "delivered": Persona(),
    "suppressed": Persona(first=LISTED, later=LISTED),
    "deferred": Persona(first=BUSY),
    "timeout": Persona(first=SILENT, later=SILENT),
}


def react(email: str, asked: Asked, *, tries: int) -> Reaction:
    """What `email` (at sandbox.test) does about a mail that is tried for the `tries`th time."""
    persona = PERSONAS.get(canonical(email).partition("@")[0].partition("+")[0])
    if persona is None:
        return Reaction(outcome=GONE)
    outcome = persona.first if tries <= 1 else persona.later
    if outcome.status != "delivered":
        return Reaction(outcome=outcome)
    speaks = persona.answer is not None and _may_answer(asked.mail)
    return Reaction(
        outcome=outcome,
        answer=persona.answer(asked) if speaks and persona.answer is not None else None,
        after_seconds=persona.after_seconds,
        complains=persona.complains,
    )


def _may_answer(mail: ParsedMail) -> bool:
    return mail.loop_class == "none" and answers.turns(mail) < _MOST_TURNS
