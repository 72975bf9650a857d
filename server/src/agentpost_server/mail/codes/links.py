"""Whether a link signs in, verifies or resets: by the words that it stands on, its path, and that it holds a secret.

A link without anything secret in it leads to a page that everybody may see, so it is none, whatever it is called.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from agentpost_server.mail.codes.evidence import NOT_ME, Evidence
from agentpost_server.mail.codes.fold import low as lowered
from agentpost_server.mail.codes.fold import shown as folded
from agentpost_server.mail.codes.labels import LINKED, purpose_of
from agentpost_server.mail.codes.mail_lines import Line, Link, Part
from agentpost_server.mail.codes.model import Code, Purpose
from agentpost_server.mail.suffixes import registered

FLOOR: Final = 0.6
_MOST: Final = 50
_PATHS: Final[dict[Purpose, re.Pattern[str]]] = {
    "reset": re.compile(
        r"reset|forgot|recover|new-?password|change-?password|set-?password|passwor[dt]/|passwort|kennwort|wachtwoord|"
        r"mot-?de-?passe|contrasena|senha|palavra-?passe|haslo|heslo|losenord|adgangskode|sifre"
    ),
    "sign_in": re.compile(
        r"magic|approve|sign-?in|log-?in|session|passwordless|(?<![a-z])(?:sso|otp)(?![a-z])|(?<![a-z])auth(?!or)"
    ),
    "verify": re.compile(r"verif|confirm|activat|validat|registr|sign-?up|invit(?:e|ation)|optin|opt-in|bestaetig"),
}
_SECRET_NAMES: Final = re.compile(
    r"(?:.*[_-])?(?:token|code|key|ticket|otp|oobcode|sig|signature|hash|nonce|secret|jwt|ott|t|k|c|tk|auth|id|"
    r"u|d|h|s|data|"
    r"hmac|challenge|confirmation|verification|upn|passcode|login|magic)"
)
_SECRET: Final = re.compile(
    r"(?=[^0-9]*\d)(?=.*[A-Za-z])[A-Za-z0-9_.~%=+-]{12,}|(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{16,}|\d{16,}"
)
_NEVER: Final = re.compile(
    r"unsubscribe|optout|opt-out|preferences|privacy|terms|legal|imprint|impressum|help|support|faq|contact|"
    r"careers|blog|"
    r"webversion|view-?in-?browser|view-?online|abmelde|desinscri|abuse|report|reject|disallow|refuse|deny|"
    r"revoke|block|cancel|delete|"
    r"not-?me|"
    r"not_me|decline|secure-account|facebook\.com|twitter\.com|//x\.com|linkedin\.com|instagram\.com|"
    r"youtube\.com|tiktok\.com|"
    r"t\.me/|play\.google\.com|apps\.apple\.com|\.(?:png|jpe?g|gif|css|svg|woff2?|ico|pdf)(?:$|\?)"
)
_NEVER_SAID: Final = re.compile(
    r"unsubscribe|preferences|privacy|terms of|view (?:this|in|online)|help cent|support|contact us|report|"
    r"reject|block|refuse|(?:^|\W)no[,!]|deny|"
    r"cancel|"
    r"decline|abmelden|abbestell|datenschutz|desabonner|desinscri|confidentialite|darse de baja|privacidad|disiscriv|"
    r"afmelden|uitschrijv|wypisz|avregistrera|avprenumerer|afmeld|odhlas|abonelikten|отписа|відпис|配信停止|"
    r"退订|退訂|수신거부|"
    r"إلغاء الاشتراك|להסרה|सदस्यता समाप्त|passwort nicht|secure your account|secure my account"
)


class _Judged(NamedTuple):
    confidence: float
    purpose: Purpose


def links(part: Part, evidence: Evidence) -> list[Code]:
    """The best of each purpose, in order."""
    best: dict[Purpose, Code] = {}
    seen = 0
    for index, line in enumerate(part.lines):
        for link in line.links:
            seen += 1
            if seen > _MOST:
                return list(best.values())
            judged = _judge(part, index, line, link, evidence)
            if judged is None:
                continue
            kept = best.get(judged.purpose)
            if kept is None or kept.confidence < judged.confidence:
                best[judged.purpose] = _code(part, link, judged)
    return list(best.values())


def _judge(part: Part, index: int, line: Line, link: Link, evidence: Evidence) -> _Judged | None:
    address = _split(link.url)
    if address is None:
        return None
    target = unquote(f"{address.netloc}{address.path}?{address.query}")[:2048].lower()
    said, around = _said(part, index, line, link)
    if (
        _NEVER.search(f"//{target}")
        or _NEVER_SAID.search(said)
        or NOT_ME.search(f"{said} {line.low[: link.start][-200:]}")
    ):
        return None
    if not _has_secret(address):
        return None
    by_words, by_path = purpose_of(said), _by_path(address)
    if by_words is None and by_path is None and not LINKED.search(around):
        return None
    confidence = 0.1 + 0.35 * (by_words is not None) + 0.3 * (by_path is not None) + 0.2 * evidence.passing
    confidence += 0.2 * (purpose_of(evidence.subject) is not None) + 0.15 * (LINKED.search(around) is not None)
    # A shop's own links pass through its counter of clicks, whatever is written on them.
    confidence -= 0.3 * (evidence.selling and by_path is None)
    if evidence.purpose is None or confidence < FLOOR:
        return None
    purpose = purpose_of(said) or by_path or purpose_of(around, evidence.subject) or evidence.purpose
    return _Judged(min(confidence, 0.97), purpose)


def _split(url: str) -> SplitResult | None:
    try:
        address = urlsplit(url)
        return address if address.hostname else None
    except ValueError:
        return None


def _said(part: Part, index: int, line: Line, link: Link) -> tuple[str, str]:
    """The words that the link stands on, and with them those of the lines around."""
    earlier = max((one.end for one in line.links if one.end <= link.start), default=0)
    own = line.low[earlier : link.start].strip()[-160:]
    above = [part.lines[near].low for near in range(max(0, index - 2), index)]
    below = [part.lines[near].low for near in range(index + 1, min(len(part.lines), index + 2))]
    if not any(map(str.isalpha, own)) and above:
        own = above[-1].strip()[-160:]
    return own, " ".join([*above, line.low, *below])


def _by_path(address: SplitResult) -> Purpose | None:
    names = (
        "&".join(name for name, _ in parse_qsl(address.query[:2048], max_num_fields=200))
        if address.query.count("&") < 200
        else ""
    )
    target = lowered(folded(unquote(f"{address.hostname}{address.path}?{names} {address.fragment}")))[:2048]
    for purpose, pattern in _PATHS.items():
        if pattern.search(target):
            return purpose
    return None


def _has_secret(address: SplitResult) -> bool:
    if address.query.count("&") >= 200:
        return False
    pairs = parse_qsl(f"{address.query}&{address.fragment.rpartition('?')[2]}"[:4096], max_num_fields=400)
    if any(
        _SECRET.fullmatch(value) or (len(value) >= 6 and _SECRET_NAMES.fullmatch(name.lower())) for name, value in pairs
    ):
        return True
    pieces = [*address.path.split("/")[:40], *address.fragment.split("/")[:40]]
    return any(_SECRET.fullmatch(piece) or re.fullmatch(r"\d{4,12}", piece) for piece in pieces if len(piece) <= 2048)


def _code(part: Part, link: Link, judged: _Judged) -> Code:
    host = urlsplit(link.url).hostname or ""
    return Code(
        kind="link",
        value=link.url,
        confidence=round(judged.confidence, 2),
        purpose=judged.purpose,
        where=part.where,
        domain=registered(host),
    )
