"""Where a signature begins in a run of new lines: the `-- ` line (RFC 3676 4.3), "sent from" lines, list footers.

Closing words ("Best regards, Ann") stay: they are the writer's, and cutting at them loses postscripts.
"""

import re
from collections.abc import Sequence

from agentpost_server.mail.extract.locales import DEVICES, SENT_FROM
from agentpost_server.mail.extract.patterns import fold

_MAX_SIGNATURE = 25
_MAX_UNSURE = 10
_MAX_PROSE = 100
_MAX_SENT_FROM = 90
_MAX_LEAD = 36
_MAX_FOLDED = 2000
_LINKS = re.compile(r"<[^<>\s]*+>|\[[^\[\]\s]*+\]|\((?:https?|mailto):[^()\s]*+\)|https?://\S++")
_LIST_FOOTER = re.compile(r"mailing list|mailman|listinfo|unsubscribe|listserv")
_OUTLOOK_APPS = re.compile(r"outlook\W.{0,20}(?:ios|android)|(?:ios|android).{0,20}\Woutlook")


def is_sent_from(line: str) -> bool:
    """Whether the line is what a phone or a webmail appends ("Sent from my iPhone", "Get Outlook for iOS<…>")."""
    if len(line) > _MAX_FOLDED or not line.strip():
        return False
    linked = "aka.ms/" in line
    text = _LINKS.sub("", line) if "<" in line or "(" in line or "[" in line or "://" in line else line
    folded = fold(text).strip(" .!_-—|[]()")
    if not folded or len(folded) > _MAX_SENT_FROM or folded.endswith(("?", ":")):
        return False
    if linked and _OUTLOOK_APPS.search(folded):
        return True
    ends, starts = folded.endswith(SENT_FROM), folded.startswith(SENT_FROM)
    if not ends and not starts:
        return False
    device = DEVICES.search(folded)
    return device is not None and (ends or device.start() <= _MAX_LEAD)


def signature_start(lines: Sequence[str], start: int, stop: int) -> int:
    """The line at which the signature of `lines[start:stop]` begins, or `stop` when there is none.

    Looks at the last lines only. A signature never starts a run unless it is a "sent from" line: a `--` above all the
    text is no signature.
    """
    begin, seen, longest = stop, 0, 0
    sent_from_run = True
    for index in range(stop - 1, start - 1, -1):
        line = lines[index].strip()
        if not line:
            continue
        if sent_from_run and is_sent_from(line) and (not seen or (index > start and not lines[index - 1].strip())):
            begin = index
            continue
        if line in ("--", "—", "– –") and index > start and seen <= _MAX_SIGNATURE:
            exact = lines[index] in ("-- ", "--\u00a0") or begin == _next(lines, index, stop)
            blank_below = index + 1 < stop and not lines[index + 1].strip()
            unsure = seen > _MAX_UNSURE or longest > _MAX_PROSE or blank_below or line != "--"
            if (exact or not unsure) and (seen or begin < stop):
                begin = index
        elif line.startswith("_____") and index > start and not line.strip("_") and _is_list_footer(lines, index, stop):
            begin = index
        seen += 1
        longest = max(longest, len(line))
        sent_from_run = sent_from_run and seen <= 2 and longest <= _MAX_SENT_FROM and begin == stop
        if seen > _MAX_SIGNATURE:
            break
    return begin


def _next(lines: Sequence[str], index: int, stop: int) -> int:
    below = index + 1
    while below < stop and not lines[below].strip():
        below += 1
    return below


def _is_list_footer(lines: Sequence[str], rule: int, stop: int) -> bool:
    return any(_LIST_FOOTER.search(fold(line)) for line in lines[rule + 1 : min(stop, rule + 4)])
