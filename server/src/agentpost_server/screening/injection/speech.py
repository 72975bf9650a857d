"""What a text says to a model: which kinds of instruction stand in it, by groups of words that stand close together.

Each group is looked for once, its places are merged in order; so time is linear in the text, whatever it repeats.
"""

import codecs
import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from agentpost_server.mail.codes.fold import low, shown
from agentpost_server.screening.injection.words import GROUPS, TURNED

_MOST: Final = 400
_CLOSE: Final = 600


def fold(text: str) -> str:
    return low(shown(text))


class _Entry(NamedTuple):
    """What may begin here: all phrases, to be asked at once, and the group of each."""

    phrases: tuple[str, ...]
    groups: dict[str, str]


def _index() -> tuple[dict[str, _Entry], dict[str, _Entry]]:
    """Phrases by how they begin: three characters at the start of a word, or, in scripts that write without blanks or
    glue articles to words, one anywhere."""
    bounded: dict[str, dict[str, list[str]]] = {}
    free: dict[str, dict[str, list[str]]] = {}
    for name, phrases in (*GROUPS.items(), ("turned", codecs.encode(TURNED, "rot13"))):
        for phrase in map(fold, phrases.split("|")):
            index, key = (bounded, phrase[:3]) if phrase[0] < _NO_BLANKS else (free, phrase[0])
            index.setdefault(key, {}).setdefault(phrase, []).append(name)
    return _entries(bounded), _entries(free)


def _entries(index: dict[str, dict[str, list[str]]]) -> dict[str, _Entry]:
    return {
        key: _Entry(tuple(found), {one: " ".join(names) for one, names in found.items()})
        for key, found in index.items()
    }


def _any_of(phrases: Iterable[str]) -> str:
    """A pattern of all phrases by their common beginnings, so that each letter is looked at once, and not by phrase."""
    tree: dict[str, Any] = {}
    for phrase in phrases:
        branch = tree
        for letter in phrase:
            branch = branch.setdefault(letter, {})
        branch[""] = {}
    return _written(tree)


def _written(tree: dict[str, Any]) -> str:
    """A phrase that another one begins with is enough."""
    if "" in tree:
        return ""
    return "(?:" + "|".join(re.escape(letter) + _written(rest) for letter, rest in tree.items()) + ")"


_NO_BLANKS: Final = "\u0590"
_BOUNDED, _FREE = _index()
# Where a word begins, and one of the phrases. An underscore parts words here.
_BEGINS: Final = re.compile(r"\b(?=" + _any_of(one for entry in _BOUNDED.values() for one in entry.phrases) + ")")
_FREE_LETTER: Final = re.compile("[\u0590-\uffff]")
_TARGET: Final = re.compile(r"[^\s@<>()]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}|https?://[^\s<>]{4}")
_MARKERS: Final = re.compile(
    r"<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>|#{2,} ?(?:instruction|response|system|assistant)|"
    r"</?(?:system|assistant|instructions?|user_query|email|tool)>|\[(?:system|assistant|developer|admin)\]|"
    r"(?:^|[\n(>*#] ?)(?:system|assistant|developer|systeme|sistema)(?: (?:message|prompt|note|override))? ?:|"
    r"(?:begin|end) of (?:system|prompt|email|untrusted)"
)
_IMAGE: Final = re.compile(
    r"!?\[[^\]\n]{0,80}\]\(\s?https?://[^\s)]{1,200}[?&=#{][^)\n]{0,200}\)|https?://\S{4,100}[?&]\w{1,20}=(?:\s|$|\{)"
)

_MARK_CHARACTERS: Final = "<[#:"
_NOT_BEFORE: Final = re.compile(
    r"(?<![a-z])(?:never|not|don't|nobody|niemals|nie|nicht|jamais|ne|no|nunca|non|mai|nao|nooit|niet|nigdy|"
    r"aldrig|inte|ikke|"
    r"nikdy|asla|никогда|не|ніколи|לא|אל|אין|لا)\s(?:\w{1,8}\s){0,1}$|(?:不要|请勿|切勿|勿)\w{0,6}$"
)
_NOT_AFTER: Final = re.compile(
    r"^\S{1,16}\s(?:inte|ikke|nicht|niet|pas|nie)(?![a-z])|^\w{0,12}(?:ないで|ません|지 마|지 않)|"
    r"^[^.।]{0,30}(?:\sन\s|\sमत\s|mayin|meyin)"
)
# Without a word of one of these nothing else counts.
_KINDS: Final = frozenset({"ignore", "model", "role", "send", "reveal", "change", "hush", "answer", "authority"})


class Text:
    """One text, and where each group stands in it."""

    def __init__(self, text: str) -> None:
        self.low = fold(text)
        self._places: dict[str, list[int]] = {}
        starts = [match.start() for match in _BEGINS.finditer(self.low.replace("_", " "))]
        self._gather((start, _BOUNDED.get(self.low[start : start + 3])) for start in starts)
        if not self.low.isascii():
            found = [match.start() for match in _FREE_LETTER.finditer(self.low)]
            self._gather((start, _FREE.get(self.low[start])) for start in found)
        if "send" in self._places:
            self._places["target"] = [
                match.start() for match, _ in zip(_TARGET.finditer(self.low), range(_MOST), strict=False)
            ]

    def _gather(self, found: Iterable[tuple[int, _Entry | None]]) -> None:
        low = self.low
        for start, entry in found:
            if entry is None or not low.startswith(entry.phrases, start):
                continue
            for phrase, names in entry.groups.items():
                if low.startswith(phrase, start):
                    for name in names.split(" "):
                        places = self._places.setdefault(name, [])
                        if len(places) < _MOST and (not places or places[-1] != start):
                            places.append(start)

    def groups(self) -> Iterable[str]:
        return self._places.keys()

    def marks(self) -> list[int]:
        if not any(one in self.low for one in _MARK_CHARACTERS):
            return []
        return [match.start() for match, _ in zip(_MARKERS.finditer(self.low), range(_MOST), strict=False)]

    def images(self) -> list[int]:
        if "://" not in self.low:
            return []
        return [match.start() for match, _ in zip(_IMAGE.finditer(self.low), range(_MOST), strict=False)]

    def places(self, name: str) -> list[int]:
        return self._places.get(name, [])

    def near(self, one: str, other: str, *, before: int, after: int) -> list[int]:
        """Where `one` stands with `other` at most so many characters before or after it."""
        others = self.places(other)
        found: list[int] = []
        for place in self.places(one) if others else ():
            nearest = bisect_left(others, place - before)
            if nearest < len(others) and others[nearest] <= place + after:
                found.append(place)
        return found


def kinds_in(text: Text) -> dict[str, list[int]]:
    """The kinds of instruction by name, and where each stands."""
    marks = text.marks()
    images = text.images()
    if not marks and not images and _KINDS.isdisjoint(text.groups()):
        return {}
    about = _meant(text.low, text.near("ignore", "rules", before=30, after=70))
    sends = _meant(text.low, text.near("send", "goods", before=60, after=90))
    aimed = [one for one in sends if _within(text.places("target"), one, 40, 160)]
    found = {
        "overrides": [one for one in about if _within(text.places("prior"), one, 30, 70)],
        "addresses_model": text.near("model", "hail", before=40, after=12),
        "role_marker": marks,
        "new_role": text.places("role"),
        "asks_to_send": aimed,
        "asks_for_mail": [] if aimed else sends,
        "asks_for_secrets": _meant(text.low, text.near("reveal", "secrets", before=20, after=60)),
        "asks_to_change": text.near("change", "settings", before=10, after=70),
        "conceals": text.near("hush", "person", before=30, after=60),
        "steers_answer": text.places("answer"),
        "claims_authority": text.places("authority"),
        "image_channel": images,
    }
    return {name: places for name, places in found.items() if places}


def closest(kinds: dict[str, list[int]]) -> int:
    """How many kinds stand within 600 characters of each other, at most."""
    marks = sorted((place, name) for name, places in kinds.items() for place in places[:50])
    best = start = 0
    inside: dict[str, int] = {}
    for place, name in marks:
        inside[name] = inside.get(name, 0) + 1
        while marks[start][0] < place - _CLOSE:
            gone = marks[start][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            start += 1
        best = max(best, len(inside))
    return best


def _meant(low: str, places: list[int]) -> list[int]:
    """Without what is advised against: "never share your password", "don't forget the instructions"."""
    return [
        one
        for one in places
        if not _NOT_BEFORE.search(low[max(0, one - 24) : one]) and not _NOT_AFTER.search(low[one : one + 40])
    ]


def _within(places: list[int], place: int, before: int, after: int) -> bool:
    nearest = bisect_left(places, place - before)
    return nearest < len(places) and places[nearest] <= place + after
