"""Where in a line the words of `words.py` stand, and what they say: one look-up a kind, made once on import."""

import functools
import itertools
import re
from typing import Final, Literal, NamedTuple

from agentpost_server.mail.codes.fold import low, shown
from agentpost_server.mail.codes.model import Purpose
from agentpost_server.mail.codes.words import EN, Words
from agentpost_server.mail.codes.words_latin import LATIN
from agentpost_server.mail.codes.words_world import WORLD

Says = Literal["named", "vague", "soft", "other"]
_MOST_HITS: Final = 40
ROWS: Final[tuple[Words, ...]] = (EN, *LATIN.values(), *WORLD.values())
# Nouns of `other` for which a code may be: "the code for your account is 482913" names a code all the same.
SOFT: Final = frozenset(
    """account acct konto compte cuenta conto conta rekening účt hesab kart karte carte carta tarjeta cartão kaart card
    customer kunde client cliente klant klient kund zákaz müşteri клиент клієнт карт member mitglied payment transaction
    order bestell commande pedido ordine zamówieni objednávk sipariş заказ замовлен users registration delivery login
    注文 会員 账号 帳號 会员 會員 회원 계좌 고객 حساب بطاقة לקוח कार्ड खाता device meeting visitors line
    кабинет кабінет""".split()
)


class Hit(NamedTuple):
    """`line[start:end]` says so."""

    start: int
    end: int
    says: Says


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    """Beginnings of words; scripts without blanks, and those that glue articles to words, have no beginning. Who speaks
    of "codes" speaks of codes in general."""
    latin, cyrillic, rest = set[str](), set[str](), set[str]()
    for phrase in phrases:
        folded = low(shown(phrase))
        first = folded[0]
        (latin if first.isascii() and first.isalpha() else cyrillic if "а" <= first <= "ґ" else rest).add(folded)
    parts = [
        f"{before}(?:{'|'.join(map(re.escape, sorted(group, key=len, reverse=True)))})(?!(?<=code)s(?![a-z]))"
        for before, group in ((r"(?<![a-z0-9])", latin), (r"(?<![а-яіїєґ])", cyrillic), ("", rest))
        if group
    ]
    return re.compile("|".join(parts))


def _phrases(field: str) -> list[str]:
    return [phrase for row in ROWS for phrase in getattr(row, field).split("|")]


_OTHER: Final = [one for one in _phrases("other") if one not in SOFT]
_SOFT: Final = [one for one in _phrases("other") if one in SOFT]
_LABELS: Final[dict[Says, re.Pattern[str]]] = {
    "named": _pattern(_phrases("named")),
    "vague": _pattern(_phrases("vague")),
    "soft": _pattern(_SOFT),
    "other": _pattern(_OTHER),
}
_PURPOSES: Final[dict[Purpose, re.Pattern[str]]] = {
    "reset": _pattern(_phrases("reset")),
    "sign_in": _pattern(_phrases("sign_in")),
    "verify": _pattern(_phrases("verify")),
}
PASSING: Final = _pattern(_phrases("passing"))
LINKED: Final = _pattern(_phrases("linked"))


@functools.lru_cache(maxsize=64)
def hits(line: str) -> tuple[Hit, ...]:
    """Labels of a folded line in order. A noun that is no code's covers the `code` in it: "discount code"."""
    found: list[Hit] = []
    for says in ("other", "named", "soft", "vague"):
        for match in itertools.islice(_LABELS[says].finditer(line), _MOST_HITS):
            one = Hit(match.start(), match.end(), says)
            longer = says == "named" and [
                hit for hit in found if _overlap(hit, one) and hit.end - hit.start < one.end - one.start
            ]
            found = [hit for hit in found if hit not in longer] if longer else found
            if not any(_overlap(hit, one) for hit in found):
                found.append(_compound(line, found, one) if says == "vague" else one)
    return tuple(sorted(found))


def _compound(line: str, found: list[Hit], vague: Hit) -> Hit:
    """ "Zip code", "error code": the noun before says whose code it is."""
    claims = any(
        hit.says == "other" and line[hit.end : vague.start].strip(" -") == "" for hit in found if hit.end <= vague.start
    )
    return vague._replace(says="other") if claims else vague


def _overlap(one: Hit, other: Hit) -> bool:
    return one.start < other.end and other.start < one.end


@functools.lru_cache(maxsize=64)
def purpose_of(*zones: str) -> Purpose | None:
    """What the first zone that says anything says: reset before the earlier of sign-in and verify."""
    for zone in zones:
        found: Purpose | None = "reset" if _PURPOSES["reset"].search(zone) else first_purpose(zone)
        if found is not None:
            return found
    return None


@functools.lru_cache(maxsize=64)
def first_purpose(zone: str) -> Purpose | None:
    """What is said first."""
    places: list[tuple[int, Purpose]] = [
        (match.start(), one) for one, pattern in _PURPOSES.items() if (match := pattern.search(zone))
    ]
    return min(places)[1] if places else None


@functools.lru_cache(maxsize=64)
def without_names(line: str) -> str:
    """The line without names such as "verification code", which a code has whatever it is for."""
    return _LABELS["named"].sub(lambda match: " " if purpose_of(match[0]) in (None, "verify") else match[0], line)
