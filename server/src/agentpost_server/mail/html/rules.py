"""The rules of `<style>` elements that name a tag, class or id, alone or below others. What is not understood is left.

Bounded: so many rules are read, so many comparisons made; what is beyond counts as not declared, and `spent` says so.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from agentpost_server.mail.html.css import Declarations, declarations, put

_MAX_RULES: Final = 2_000
_MAX_CHARACTERS: Final = 200_000
_MAX_COMPARISONS: Final = 400_000
_MAX_ANCESTORS: Final = 60
_MAX_CLASSES: Final = 20
_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_COMPOUND: Final = re.compile(r"([a-z][a-z0-9-]*|\*)?((?:[.#][a-z0-9_-]+|\[class~?=\"?[a-z0-9_-]+\"?\])*)")
_NAMES: Final = re.compile(r"([.#])([a-z0-9_-]+)|\[class~?=\"?([a-z0-9_-]+)\"?\]")
_FEATURE: Final = re.compile(r"\(\s*(min|max)-(?:device-)?width\s*:\s*([0-9.]{1,8})(px|em|rem)?\s*\)")
_SCREEN_PIXELS: Final = 1024.0


class Element(NamedTuple):
    """What rules look at."""

    name: str
    identity: str
    classes: frozenset[str]


class _Compound(NamedTuple):
    name: str
    identities: frozenset[str]
    classes: frozenset[str]

    def fits(self, one: Element) -> bool:
        if self.name and self.name != one.name:
            return False
        return self.classes <= one.classes and (not self.identities or self.identities == frozenset((one.identity,)))


class Rule(NamedTuple):
    """`above`: what must stand around an element, innermost first."""

    weight: tuple[int, int, int, int]
    last: _Compound
    above: tuple[_Compound, ...]
    given: Declarations


class Rules:
    """Every rule under the rarest name of its last part. `nested`: some rule looks at what is above an element."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[Rule]] = {}
        self._count = 0
        self._comparisons = 0
        self.spent = False
        self.nested = False

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def read(self, sheet: str) -> None:
        """Add the rules of one style element."""
        if len(sheet) > _MAX_CHARACTERS:
            self.spent = True
        for selectors, body in _blocks(_COMMENT.sub(" ", sheet[:_MAX_CHARACTERS].lower())):
            given = declarations(body)
            if not given:
                continue
            for selector in selectors.split(","):
                self._add(selector, given)

    def _add(self, selector: str, given: Declarations) -> None:
        if self._count >= _MAX_RULES:
            self.spent = True
            return
        parts = [_compound(part) for part in selector.replace(">", " ").split()]
        compounds = [part for part in parts if part is not None]
        if not compounds or len(compounds) != len(parts) or len(parts) > 12:
            return
        last = compounds[-1]
        self._count += 1
        weight = (
            sum(len(one.identities) for one in compounds),
            sum(len(one.classes) for one in compounds),
            sum(bool(one.name) for one in compounds),
            self._count,
        )
        self.nested = self.nested or len(compounds) > 1
        rule = Rule(weight, last, tuple(reversed(compounds[:-1])), given)
        self._by_key.setdefault(_key(last), []).append(rule)

    def fitting(self, one: Element) -> list[Rule]:
        """The rules whose last part fits an element, wherever that stands."""
        found: list[Rule] = []
        for rule in self._candidates(one):
            self._count_comparisons(1)
            if rule.last.fits(one):
                found.append(rule)
        return [] if self.spent else found

    def stands(self, rule: Rule, above: Sequence[Element]) -> bool:
        """Whether the rule's other parts fit what an element stands in, outermost first."""
        self._count_comparisons(min(len(above), _MAX_ANCESTORS))
        if self.spent:
            return False
        wanted = iter(rule.above)
        looked_for = next(wanted, None)
        for ancestor in reversed(above[-_MAX_ANCESTORS:]):
            if looked_for is None:
                return True
            if looked_for.fits(ancestor):
                looked_for = next(wanted, None)
        return looked_for is None

    def _candidates(self, one: Element) -> Iterator[Rule]:
        keys = ["*", one.name, *(f".{name}" for name in sorted(one.classes))]
        if one.identity:
            keys.append(f"#{one.identity}")
        for key in keys:
            yield from self._by_key.get(key, ())

    def _count_comparisons(self, number: int) -> None:
        self._comparisons += number
        if self._comparisons > _MAX_COMPARISONS:
            self.spent = True


def declared(rules: Iterable[Rule]) -> Declarations:
    """What fitting rules declare together."""
    found: Declarations = {}
    for rule in sorted(rules, key=_by_weight):
        for name, (value, important) in rule.given.items():
            put(found, name, value, important)
    return found


def element(name: str, attributes: dict[str, str]) -> Element:
    classes = frozenset(attributes.get("class", "").lower().split()[:_MAX_CLASSES])
    return Element(name, attributes.get("id", "").strip().lower(), classes)


def _by_weight(rule: Rule) -> tuple[int, int, int, int]:
    return rule.weight


def _key(last: _Compound) -> str:
    if last.identities:
        return f"#{min(last.identities)}"
    return f".{min(last.classes)}" if last.classes else last.name or "*"


def _compound(text: str) -> _Compound | None:
    match = _COMPOUND.fullmatch(text)
    if match is None or not text:
        return None
    identities: set[str] = set()
    classes: set[str] = set()
    for kind, name, of_class in _NAMES.findall(match[2]):
        (identities if kind == "#" else classes).add(name or of_class)
    name = match[1] or ""
    return _Compound("" if name == "*" else name, frozenset(identities), frozenset(classes))


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Selector and body of each rule; those of a media query when a screen of usual width fulfils it."""
    position = 0
    while (brace := sheet.find("{", position)) >= 0:
        # Behind a statement without a body, and the end of a group that was entered.
        head = sheet[position:brace].rpartition(";")[2].rpartition("}")[2].strip()
        if head.startswith("@"):
            if head.startswith(("@media", "@supports", "@layer", "@container")) and _applies(head):
                position = brace + 1
            else:
                position = _group_end(sheet, brace)
            continue
        end = sheet.find("}", brace)
        end = len(sheet) if end < 0 else end
        yield head, sheet[brace + 1 : end]
        position = end + 1


def _group_end(sheet: str, brace: int) -> int:
    depth = 0
    for match in _BRACES.finditer(sheet, brace):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    return len(sheet)


_BRACES: Final = re.compile(r"[{}]")


def _applies(head: str) -> bool:
    """Whether a media query holds where letters are usually read: a light screen, 1,024 pixels wide."""
    if not head.startswith("@media"):
        return True
    return any(_holds(query) for query in head[6:].split(","))


def _holds(query: str) -> bool:
    if "print" in query or "speech" in query or "dark" in query or "not " in query:
        return False
    for which, number, unit in _FEATURE.findall(query):
        width = (float(number) if number.count(".") < 2 and number != "." else 0.0) * (1 if unit == "px" else 16)
        if (which == "min" and width > _SCREEN_PIXELS) or (which == "max" and width < _SCREEN_PIXELS):
            return False
    # Features that are not known (of one client, as a rule) count as not there.
    rest = _FEATURE.sub("", query)
    return "(" not in rest.replace("(prefers-color-scheme: light)", "").replace("(prefers-color-scheme:light)", "")
