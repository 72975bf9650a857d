"""What the whole mail says about itself: that something in it is good once and for minutes, or that it sells things."""

import re
from typing import Final, NamedTuple

from agentpost_server.mail.codes.labels import LINKED, PASSING, first_purpose, hits, purpose_of, without_names
from agentpost_server.mail.codes.mail_lines import Part
from agentpost_server.mail.codes.model import Purpose

_MOST: Final = 8_000
_SELLING: Final = re.compile(
    r"discount|coupon|voucher|promo|[$€£]\d+ off|with (?:your )?friends|"
    r"refer a friend|referral|freunde werb|parrain|"
    r"invita a tus amigos|% off|\d% |checkout|gift card|shop now|sale\b|rabatt|gutschein|code promo|"
    r"remise|descuento|"
    r"cupon|sconto|buono|desconto|cupom|korting|rabat|kupon|slevov|indirim|скидк|промокод|знижк|割引|クーポン|"
    r"优惠|優惠|折扣|할인|"
    r"쿠폰|خصم|كوبون|קופון|הנחה|छूट|कूपन|reservation|booking|boarding|itinerary|check-in|reserva|buchung|"
    r"prenotazione|予約|예약"
)
_MEETING: Final = re.compile(
    r"(?:meeting|webinar|conference|konferenz|besprechungs)[ -]?(?:id|kennung)\b|dial[ -]?in\b|"
    r"join (?:from|by phone|with)|"
    r"id (?:de|da|di) (?:la )?(?:reuni|riunione)|ミーティング ?id|会议(?:号|id)|會議(?:號|id)|회의 ?id|"
    r"check-?out by|wi-?fi"
)
# "If this was not you, …": what follows is offered to somebody else than the one who asked.
NOT_ME: Final = re.compile(
    r"(?:wasn't|was not|isn't|not|weren't) (?:you|me)\b|don't recogni[sz]e|do not recogni[sz]e|"
    r"nicht (?:von ihnen|du|sie) |"
    r"pas (?:vous|toi)\b|no (?:fuiste|has sido|fue usted|eres) |non sei stato|nao foi voce|niet (?:jij|u) |"
    r"nie ty|inte du|"
    r"ikke dig|siz degilse|не вы\b|не ви\b|心当たり|非本人|不是您|본인이 아|لم تكن|לא את"
)

# What is only for those who asked for nothing: "If you did not try to sign in, reset your password."
_CONDITIONAL: Final = re.compile(
    r"(?:(?<![a-z])(?:if (?:you|this|it) (?:did|have|has|was|were|is|are|do)|wenn sie|falls|sollten sie|"
    r"si (?:vous|ce) n|si no |"
    r"se (?:non|nao) |als (?:je|u) |jesli |om du inte|hvis du ikke|pokud |eger |bu istegi )|если |якщо |"
    r"心当たり|如果|若非|"
    r"본인이 |إذا |אם לא|यदि |अगर )[^.!?।\n]{0,200}"
)


class Evidence(NamedTuple):
    """`named`: the subject names a code, so that what the lines call a code is that one."""

    passing: bool
    linked: bool
    selling: bool
    meeting: bool
    named: bool
    subject: str
    purpose: Purpose | None


def without_conditions(text: str) -> str:
    return _CONDITIONAL.sub(" ", text)


def gather(parts: list[Part]) -> Evidence:
    """From the beginnings of subject and bodies."""
    subject = " ".join(line.low for line in parts[0].lines)
    whole = "\n".join(" \n".join(line.low for line in part.lines[:120])[:_MOST] for part in parts)
    return Evidence(
        passing=PASSING.search(whole) is not None,
        linked=LINKED.search(whole) is not None,
        selling=_SELLING.search(whole) is not None,
        meeting=_MEETING.search(whole) is not None,
        named=any(hit.says == "named" for hit in hits(subject)),
        subject=subject,
        purpose=purpose_of(without_names(subject), without_conditions(without_names(whole)), subject)
        or first_purpose(whole),
    )
