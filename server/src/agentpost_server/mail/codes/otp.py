"""Whether a candidate is a one-time code: by the words before and after it in its line, or, when it stands alone in
its line, by those of the lines around. The nearest words win, so a number that follows "order" is an order's."""

import re
from typing import Final, NamedTuple

from agentpost_server.mail.codes.candidates import Candidate, blanked, candidates
from agentpost_server.mail.codes.evidence import Evidence, without_conditions
from agentpost_server.mail.codes.labels import Hit, hits, purpose_of, without_names
from agentpost_server.mail.codes.mail_lines import Line, Part
from agentpost_server.mail.codes.model import Code, Purpose

_LOOK_BACK: Final = 4
_LOOK_AHEAD: Final = 2
_SURE: Final = 0.95
_MAYBE: Final = 0.48
FLOOR: Final = 0.6
_MOST_LOOKS: Final = 200
_MOST_CODES: Final = 20
_SENTENCE_END: Final = re.compile(r"[.!?;।]\s|[.!?;।]$")
# What may stand between the name of a code and the code: a colon, a dash, a form of "to be".
_LEADS: Final = re.compile(
    r"(?:[:=>»→|–-]|(?<![a-z])(?:is|are|be|below|ist|lautet|est|es|e|son|sera|jest|to|brzmi|ar|er|lyder|je|zni|"
    r"for|use|enter|der|code|kod|no|#)|"
    r"(?<![а-яіїєґ])(?:это|це)|[为為是はがを는은이가を]|हैं?|هو|هي|הוא|היא|זה)\s*[\"'«»“”„「『【《\[(*_`]*\s*$"
)
_USE: Final = re.compile(
    r"(?<![a-z])(?:use|enter|type|input|geben sie|gib|nutze|verwende\w*|saisissez|entrez|utilisez|introduce|"
    r"introduzca|ingresa|ingrese|usa|utiliza|inserisci|digita|utilizza|introduza|digite|utilize|insira|use o|"
    r"voer|gebruik|wpisz|"
    r"podaj|uzyj|ange|anvand|skriv|indtast|brug|zadejte|pouzijte|girin|kullanin)\W{1,3}(?:\w+\W{1,2}){0,2}$|"
    r"(?:введите|используйте|введіть|使用|输入|輸入|أدخل|استخدم|הזן|הזינו|השתמש ב)\W{0,3}(?:\w+\W{1,2}){0,1}$"
)
# "One-time code (PR #2048)": what opens behind other words has a name of its own.
_OPENS: Final = re.compile(r"[(\[][^()\[\]]*[^\W\d_]")
_BY: Final = re.compile(
    r"(?<![a-z])(?:verif|confirm|bestatig|valid|activ|aktivier)\w*[^.!?]{0,40}\W(?:with|mit|avec|con|com|met)\W(?:\w+\W){0,2}$"
)
_IS: Final = re.compile(
    r"\W{0,4}(?:is|as|are|ist|als|lautet|est|comme|es|como|e|come|is|jest|jako|ar|som|er|je|to|to je|это|-|–|が|"
    r"は|是|为|為|"
    r"을|를|은|는|هو|הוא|है|को|आपका)(?![a-z])"
)
_USED: Final = re.compile(
    r"^\W{0,3}(?:(?:code|kod)\w{0,4}\W)?(?:を入力|を使用|を使|을 입력|를 입력|"
    r"को दर्ज|दर्ज कर|का उपयोग|eingeben|ein,? um|girerek|kullan)"
)
_YOURS: Final = re.compile(
    r"(?<![a-z])(?:your|ihre?|deine?|votre|ton|tu|su|il tuo|la tua|il suo|seu|sua|o teu|je|jouw|uw|twoj|din|"
    r"ditt|vas|tvuj)"
    r"(?![a-z])|kodunuz|sifreniz|ваш|твой|твій|あなた|您的|你的|您好|당신|귀하|الخاص بك|שלך|आपका|आपकी"
)
_ORIGIN: Final = re.compile(r"@([a-z0-9.-]{1,253}) #$")
# Airlines and hotels call a booking's name by the same words.
_BOOKED: Final = ("confirmation code", "code de confirmation", "codigo de confirma", "codice di conferma", "確認コード")
# What meetings, doors and beds are opened with has the same names.
_ROOM: Final = (
    "passcode", "pass code", "pin", "access code", "password", "zugangscode", "kennwort", "code d'acces",
    "codigo de acceso", "codice di accesso", "codigo de acesso", "toegangscode", "パスコード", "密码", "密碼", "암호",
)  # fmt: skip
_PRICED: Final = re.compile(r"\d\s?$")
_DIGIT: Final = re.compile(r"\d")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_WORDS: Final = re.compile(r"[^\W\d_]+")


class Support(NamedTuple):
    """How sure, and which words speak for it: each speaks for one candidate only, the nearest."""

    confidence: float
    label: tuple[int, int]
    distance: int


class _Found(NamedTuple):
    support: Support
    line: int
    candidate: Candidate


def one_time_codes(part: Part, evidence: Evidence) -> list[Code]:
    """The surest twenty."""
    best: dict[tuple[int, int], _Found] = {}
    looked = 0
    for index, line in enumerate(part.lines):
        for candidate in candidates(blanked(line.shown)):
            looked += 1
            support = _support(part, index, candidate, evidence)
            if support is None or support.confidence < FLOOR:
                continue
            kept = best.get(support.label)
            if kept is None or support.distance < kept.support.distance:
                best[support.label] = _Found(support, index, candidate)
        if looked > _MOST_LOOKS:
            break
    surest = sorted(best.values(), key=lambda one: -one.support.confidence)[:_MOST_CODES]
    return [_code(part, one.line, one.candidate, one.support, evidence) for one in surest]


def _support(part: Part, index: int, candidate: Candidate, evidence: Evidence) -> Support | None:
    line = part.lines[index]
    if candidate.shape == "letters" and not _plausible_letters(candidate.value):
        return None
    inline = _inline(line, index, candidate, evidence)
    if inline is not None:
        return inline if inline.confidence else None
    if not _alone(line, candidate):
        return None
    return _by_neighbours(part, index, candidate, evidence)


def _inline(line: Line, index: int, candidate: Candidate, evidence: Evidence) -> Support | None:
    """By its own line; a confidence of 0 is a refusal, None says nothing."""
    found = hits(line.low)
    before = [hit for hit in found if hit.end <= candidate.start]
    after = [hit for hit in found if hit.start >= candidate.end]
    label = _leading(line.low, before, candidate)
    if after and after[0].says == "other" and after[0].start - candidate.end <= 1:
        return Support(0, (0, 0), 0)
    used = _used(line.low, candidate, evidence)
    if label is None and (_claimed(line.low, before, candidate, used) or _numbered(line.low, candidate)):
        return Support(0, (0, 0), 0)
    if label is not None:
        told = 0.15 if label.says == "vague" and used else 0
        sure = _confidence(line.low, label, candidate, evidence) + told
        return Support(sure, (index, label.start), candidate.start - label.end)
    label = None if before and _attached(line.low, before[-1], candidate) else _following(line.low, after, candidate)
    if label is not None:
        sure = _confidence(line.low, label, candidate, evidence) + (0.15 if label.says == "vague" and used else 0)
        return Support(sure, (index, label.start), label.start - candidate.end)
    if _ORIGIN.search(line.low[: candidate.start]):
        return Support(_SURE, (index, candidate.start), 0)
    if used:
        vague = Hit(candidate.start, candidate.end, "vague")
        return Support(_confidence(line.low, vague, candidate, evidence) + 0.15, (index, candidate.start), 0)
    return None


def _leading(low: str, before: list[Hit], candidate: Candidate) -> Hit | None:
    """The name of a code that leads up to the candidate in one sentence, with no other noun nearer."""
    gap_start = max((match.end() for match in _SENTENCE_END.finditer(low, 0, candidate.start)), default=0)
    # A label may end with the sentence's full stop: "Your code. 482913" stays a lead only when nothing else is between.
    for hit in reversed(before):
        if hit.start < gap_start or candidate.start - hit.end > 120:
            return None
        gap = low[hit.end : candidate.start]
        words = len(_WORDS.findall(gap))
        if hit.says in ("soft", "other"):
            if not _LEADS.search(gap) or (hit.says == "other" and words < 3 and not _served(low, hit, gap)):
                return None
            continue
        if words and _OPENS.search(gap) and not gap.rstrip().endswith(":"):
            return None
        near = words <= (2 if hit.says == "named" else 1) and len(gap) <= 24 and (hit.says == "named" or "," not in gap)
        if not near and not (_LEADS.search(gap) and (hit.says == "named" or words <= 8)):
            return None
        return next((one for one in reversed(before) if one.says == "named" and one.start >= gap_start), hit)
    return None


def _served(low: str, hit: Hit, gap: str) -> bool:
    """A noun that has a number already wants no second: "the TAN for 249,00 EUR to IBAN DE02 1203 is 551903"."""
    return _DIGIT.search(gap) is not None or _PRICED.search(low, max(0, hit.start - 3), hit.start) is not None


def _following(low: str, after: list[Hit], candidate: Candidate) -> Hit | None:
    for hit in after:
        gap = low[candidate.end : hit.start]
        words = len(_WORDS.findall(gap))
        if hit.says == "other" or len(gap) > 45 or _SENTENCE_END.search(gap) or words > 6:
            return None
        if hit.says == "named" or (hit.says == "vague" and (words <= 2 or _IS.match(gap))):
            return hit
    return None


def _attached(low: str, hit: Hit, candidate: Candidate) -> bool:
    """Whether the noun stands right before the number: "[Ticket #482913] Login code"."""
    return hit.says == "other" and not _WORDS.findall(low[hit.end : candidate.start])[1:]


def _claimed(low: str, before: list[Hit], candidate: Candidate, used: bool) -> bool:
    """Whether another noun has the number: "order no. 482913"."""
    if before and (before[-1].says == "other" or (before[-1].says == "soft" and not used)):
        gap = low[before[-1].end : candidate.start]
        if len(_WORDS.findall(gap)) <= 4 and not _SENTENCE_END.search(gap):
            return True
    return False


def _numbered(low: str, candidate: Candidate) -> bool:
    """What "#" stands before is the number of something, unless a site is named before it (WebOTP)."""
    return low[: candidate.start].endswith("#") and not _ORIGIN.search(low[: candidate.start])


def _used(low: str, candidate: Candidate, evidence: Evidence) -> bool:
    """ "Enter 482913 to sign in": a verb, and what for, in one sentence."""
    before = low[max(0, candidate.start - 80) : candidate.start]
    told = _USE.search(before[-40:]) or _BY.search(before) or _USED.search(low[candidate.end :][:30])
    if told is None:
        return False
    return purpose_of(low) is not None or (evidence.passing and purpose_of(evidence.subject) is not None)


def _alone(line: Line, candidate: Candidate) -> bool:
    rest = line.low[: candidate.start] + line.low[candidate.end :]
    return not any(map(str.isalnum, rest)) and not line.links


def _by_neighbours(part: Part, index: int, candidate: Candidate, evidence: Evidence) -> Support | None:
    """The nearest line that names a code or another noun decides; above counts before below."""
    above = range(index - 1, max(-1, index - 1 - _LOOK_BACK), -1)
    below = range(index + 1, min(len(part.lines), index + 1 + _LOOK_AHEAD))
    for distance, near in enumerate((*above, *below)):
        found = [hit for hit in hits(part.lines[near].low) if hit.says != "soft"]
        named = [hit for hit in found if hit.says == "named"]
        if not found:
            continue
        last = found[-1] if near < index else found[0]
        told = last if last.says != "other" else (named[-1] if named and near < index else None)
        if told is None:
            return None
        led = 0.1 if told.says == "vague" and near == index - 1 and part.lines[near].low.rstrip().endswith(":") else 0
        return Support(_confidence(part.lines[near].low, told, candidate, evidence) + led, (near, told.start), distance)
    if part.where != "subject" and any(hit.says in ("named", "vague") for hit in hits(evidence.subject)):
        hit = next(hit for hit in hits(evidence.subject) if hit.says in ("named", "vague"))
        return Support(_confidence(evidence.subject, hit, candidate, evidence) - 0.1, (-1, hit.start), index)
    if evidence.purpose is not None and evidence.passing:
        return Support(FLOOR + 0.05, (-1, -1), index)
    return None


def _confidence(low: str, label: Hit, candidate: Candidate, evidence: Evidence) -> float:
    sure = _SURE if label.says == "named" else _MAYBE
    sure += 0.03 if evidence.passing and label.says == "named" else 0
    if evidence.selling and label.says == "named" and low.startswith(_BOOKED, label.start):
        sure -= 0.5
    if evidence.meeting and low.startswith(_ROOM, label.start):
        sure -= 0.5
    if label.says == "vague":
        sure += 0.1 * evidence.named
        sure += 0.15 * evidence.passing + 0.1 * (evidence.purpose is not None) - 0.4 * evidence.selling
        sure += 0.15 * (_YOURS.search(low[max(0, label.start - 24) : label.end + 12]) is not None)
    if candidate.shape == "letters" or _YEAR.fullmatch(candidate.value):
        sure -= 0.2
    return sure


def _plausible_letters(value: str) -> bool:
    """Capitals alone are more often a word or a button than a code, unless no word is spelt so."""
    return "-" in value or not re.search(r"[AEIOUY]", value)


def _code(part: Part, index: int, candidate: Candidate, support: Support, evidence: Evidence) -> Code:
    origin = _ORIGIN.search(part.lines[index].low[: candidate.start])
    return Code(
        kind="otp",
        value=candidate.value,
        confidence=round(min(support.confidence, 0.99), 2),
        purpose=_purpose(part, index, evidence),
        where=part.where,
        domain=None if origin is None else origin[1],
    )


def _purpose(part: Part, index: int, evidence: Evidence) -> Purpose:
    """Of its line, the subject, the lines around, the mail; a mail with none of these words verifies something."""
    around = [part.lines[near].low for near in range(index - 1, index + 3) if 0 <= near < len(part.lines)]
    zones = [without_conditions(zone) for zone in (part.lines[index].low, evidence.subject, *around)]
    return purpose_of(*map(without_names, zones)) or evidence.purpose or purpose_of(*zones) or "other"
