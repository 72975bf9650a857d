"""The lines by which clients introduce history: attribution ("On … wrote:"), header blocks, separators, forward marks.

Every function looks at a fixed number of lines, each cut at a fixed length, so that the whole scan stays linear.
Regular expressions here have no nested repetition.
"""

import re
from collections.abc import Sequence
from enum import IntEnum

from agentpost_server.mail.extract.locales import FORWARDED, LABELS, LEADS, ORIGINAL, VERB, Label

MAX_LINE = 600
_MAX_WRAP = 4
_MIN_WRAPPED = 36
_MAX_BLOCK = 16
_MAX_DASHED = 120
COLONS = ":："
# What case-folding leaves of the Turkish capital I with a dot.
DOT_ABOVE = "\u0307"
_QUOTE_SIGNS = ">|"
# Directional marks, zero-width characters and emphasis that clients put around names, dates and labels.
_NOISE = dict.fromkeys(
    [0x00AD, 0x061C, 0xFEFF, ord("*"), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
) | {0x00A0: " ", 0x202F: " ", ord("："): ":"}
_ADDRESS = re.compile(r"[^\s<>()@:,;\"]{1,64}@[^\s<>()@:,;\"]{3,}")
_TIME = re.compile(r"\d{1,2}\s?[:.h时時시点]\s?\d{2}|\d{1,2}\s?[ap]\.?m\b")
_DATE = re.compile(r"(?:19|20)\d{2}|\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2}")
_FIRST_PERSON = re.compile(r"(?<!\w)(?:i|we|you|he|she|they|ich|wir|je|j'ai|nous|yo|io|eu|ik|ja|já|я|мы)(?!\w)")
RULE = re.compile(r"[_\-=*\u2500\u2014]{5,}")


class Strength(IntEnum):
    """How sure an attribution is: WEAK needs quoted lines behind it."""

    NONE = 0
    WEAK = 1
    STRONG = 2


def fold(line: str) -> str:
    """The line as the look-ups want it: cut, trimmed, case-folded, without marks that no reader sees."""
    return line[:MAX_LINE].translate(_NOISE).strip().casefold().replace(DOT_ABOVE, "")


def unquote(line: str) -> str:
    """The line without its `>` prefix (RFC 3676 4.5), for clients that prefix the attribution too."""
    return line.lstrip(_QUOTE_SIGNS + " \t")


def _strength(joined: str) -> Strength:
    verb = VERB.search(joined) is not None
    address = _ADDRESS.search(joined) is not None
    date, time = _DATE.search(joined) is not None, _TIME.search(joined) is not None
    if address and VERB.fullmatch(joined.rpartition(">")[2].strip(" :")):
        return Strength.STRONG
    if verb and (address or (date and time)) and (address or not _FIRST_PERSON.search(joined)):
        return Strength.STRONG if date or time else Strength.WEAK
    if verb or (address and (date or time)) or (date and time):
        return Strength.WEAK
    return Strength.NONE


def attribution(lines: Sequence[str], last: int, first: int) -> tuple[int, Strength]:
    """Whether an attribution ends at line `last`; returns its first line (never before `first`) and how sure it is.

    Clients wrap it at 72-78 columns, so up to four long lines are joined. Shorter readings win, unless the line above
    opens with a lead word ("On ", "Am ", "Le ") and a digit, and the shorter reading does not.
    """
    joined, best, strength = "", last, Strength.NONE
    for start in range(last, max(first, last - _MAX_WRAP + 1) - 1, -1):
        part = fold(unquote(lines[start])).strip("-— ")
        if not part:
            break
        led = part.startswith(LEADS) and any(map(str.isdigit, part))
        broken = part.endswith("<")
        wrapped = start == last or led or broken or len(part) >= _MIN_WRAPPED
        if not wrapped or (strength == Strength.STRONG and not led and not broken):
            break
        joined = f"{part} {joined}".strip()
        if len(joined) > MAX_LINE:
            break
        found = _strength(joined)
        if found > strength or (found == strength and found and (led or broken)):
            best, strength = start, found
        if led and strength:
            break
    return best, strength


def label_of(line: str) -> tuple[Label | None, str]:
    """The header field that a line such as `*Von:* Ann` shows, and its value; `(None, "")` when it shows none."""
    head, colon, value = fold(line[:MAX_LINE]).lstrip("|>- ").partition(":")
    if not colon or len(head) > 24:
        return None, ""
    return LABELS.get(head.strip()), value.strip()


def header_block(lines: Sequence[str], first: int, *, introduced: bool = False) -> int:
    """The line after the header block that starts at `first`, or 0 when none does.

    A block has a sender, and two or three more fields, of which one is hard to mistake for prose (a date with digits
    and a subject, or an address). `introduced` says that a separator stood above, which lowers the bar.
    """
    seen: set[Label] = set()
    digits = address = False
    end, open_value = first, False
    for index in range(first, min(len(lines), first + _MAX_BLOCK)):
        line = unquote(lines[index])
        label, value = label_of(line)
        if label is None:
            continued = lines[index][:1] in " \t" or "@" in line[:MAX_LINE] or open_value
            if not line.strip():
                continue
            if not seen or not continued or index > end:
                break
            end, open_value = index + 1, False
            address = address or "@" in line[:MAX_LINE]
            continue
        if label in seen and label != Label.OTHER:
            break
        seen.add(label)
        end, open_value = index + 1, not value
        digits = digits or (label == Label.DATE and any(map(str.isdigit, value)))
        address = address or "@" in value
    seen.discard(Label.OTHER)
    if Label.FROM not in seen or len(seen) < (2 if introduced else 3):
        return 0
    sure = introduced or Label.SUBJECT in seen or address
    return end if sure and (digits or Label.DATE not in seen or open_value or address) else 0


def generic_header_block(lines: Sequence[str], first: int) -> int:
    """As `header_block`, for languages without a row: four short labels in a run, one value with an address."""
    count, address = 0, False
    for index in range(first, min(len(lines), first + _MAX_BLOCK)):
        head, colon, value = fold(lines[index]).partition(":")
        if not colon or not 0 < len(head) <= 24:
            break
        count += 1
        address = address or "@" in value
    return first + count if count >= 4 and address else 0


def is_dashed(line: str) -> bool:
    """Whether the line is words between dashes, as every client frames "forwarded message" in its language."""
    text = line.strip()
    return len(text) <= _MAX_DASHED and text.startswith(("---", "___", "===")) and text.endswith(("---", "___", "==="))


def separator(line: str) -> str:
    """`"forward"`, `"original"` or `""`: what a line such as `-----Original Message-----` introduces."""
    folded = fold(line)
    dashed = folded[:2] in {"--", "__", "==", "──", "——"}
    if dashed or folded.endswith(":"):
        phrase = folded.strip("-_=:─— ")
        if phrase in FORWARDED or (dashed and phrase.startswith("forwarded by ")):
            return "forward"
        if dashed and phrase in ORIGINAL:
            return "original"
    return ""
