"""HTML as a flat list of tokens, and where each element ends. One pass, no recursion: all input gives tokens.

End tags are matched as mail clients nest them (an end tag does not reach out of its table cell); the repairs that the
standard prescribes for misnested formatting are left out on purpose, because they copy elements.
"""

import re
from collections import Counter
from enum import IntEnum
from html import unescape
from typing import NamedTuple

MAX_TAGS = 30_000
MAX_NEWLINES = 100_000
MAX_CHARACTERS = 8_000_000
VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_EMBEDDED = frozenset(("svg", "math", "template", "object"))
_RAW = _EMBEDDED | {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
_SCOPES = frozenset(["table", "td", "th", "caption"])
_TABLE_PARTS = frozenset(["table", "td", "th", "caption", "tr", "tbody", "thead", "tfoot", "body", "html"])
# Both stop at the next `<`, so that a failed attempt costs no more than the distance to the next one.
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]*+)((?:[^<>\"']++|\"[^\"<>]*+\"|'[^'<>]*+')*+)>")
_LOOSE_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]*+)((?:[^>\"'=]++|=\s*+\"[^\"]*+\"|=\s*+'[^']*+'|[\"'=])*+)>")
_ATTRIBUTE = re.compile(r"(?<![\w-])([a-z]+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE)
_MAX_ATTRIBUTES = 16_000


class Kind(IntEnum):
    """SKIP is what a reader never sees: comments, declarations, scripts, styles."""

    TEXT = 0
    OPEN = 1
    CLOSE = 2
    EMPTY = 3
    SKIP = 4


class Token(NamedTuple):
    """`source[start:end]`; `name` in lower case and `attributes` unparsed, for tags only."""

    kind: Kind
    name: str
    start: int
    end: int
    attributes: str = ""


class Page(NamedTuple):
    """`ends[i]` is the token at which the element opened by token i ends: its end tag, or what closed it implicitly."""

    source: str
    tokens: list[Token]
    ends: list[int]
    known: dict[str, dict[str, str]]
    """Attributes that were read already, by how they are written: newsletters write the same ones again and again."""

    def attributes_of(self, token: Token) -> dict[str, str]:
        """See `attributes_of`; not to be changed."""
        if (found := self.known.get(token.attributes)) is None:
            found = self.known[token.attributes] = attributes_of(token)
        return found


def too_large(source: str) -> bool:
    """Whether `source` has more markup than is read (a mail by a person has a hundredth)."""
    return len(source) > MAX_CHARACTERS or source.count("<") > MAX_TAGS or source.count("\n") > MAX_NEWLINES


def strip_tags(source: str) -> str:
    """The crude reading of what is too large to be laid out: tags become blanks."""
    return text_of(_TAG.sub(" ", source[:MAX_CHARACTERS]))


def text_of(source: str) -> str:
    """Character references resolved; as written when Python's integer limit refuses one."""
    if "&" not in source:
        return source
    try:
        return unescape(source)
    except ValueError:
        return source


def attributes_of(token: Token) -> dict[str, str]:
    """The attributes of a tag, names in lower case, the first of equal names (as browsers do)."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(token.attributes[:_MAX_ATTRIBUTES]):
        found.setdefault(match[1].lower(), text_of(match[2] or match[3] or match[4] or ""))
    return found


def read(source: str) -> Page:
    """Tokens and extents of `source`, in time linear in its length."""
    tokens = _tokenize(source)
    return Page(source, tokens, _extents(tokens), {})


def _tokenize(source: str) -> list[Token]:
    tokens: list[Token] = []
    written = position = 0
    loose_failures = 0
    unclosed: set[str] = set()
    while (less := source.find("<", position)) >= 0:
        match = _TAG.match(source, less)
        if match is None and loose_failures < 3 and source[less + 1 : less + 2].lower().isalpha():
            match = _LOOSE_TAG.match(source, less)
            loose_failures += match is None
        if match is not None:
            token = _tag(match)
        elif source.startswith(("<!", "<?", "</"), less):
            token = Token(Kind.SKIP, "", less, _declaration_end(source, less))
        else:
            position = less + 1
            continue
        if written < less:
            tokens.append(Token(Kind.TEXT, "", written, less))
        if token.kind == Kind.OPEN and token.name in _RAW:
            token = _raw(source, token, unclosed)
        tokens.append(token)
        written = position = token.end
    if written < len(source):
        tokens.append(Token(Kind.TEXT, "", written, len(source)))
    return tokens


def _tag(match: re.Match[str]) -> Token:
    name = match[2].lower()
    opening = Kind.EMPTY if name in VOID else Kind.OPEN
    kind = Kind.CLOSE if match[1] else opening
    return Token(kind, name, match.start(), match.end(), match[3])


def _declaration_end(source: str, start: int) -> int:
    """A comment or declaration that never ends takes the rest with it, as in browsers; so no search is repeated."""
    if source.startswith("<!--", start):
        if source.startswith(("<!-->", "<!--->"), start):
            return source.index(">", start) + 1
        found, width = source.find("-->", start + 4), 3
    else:
        found, width = source.find(">", start), 1
    return found + width if found >= 0 else len(source)


def _raw(source: str, token: Token, unclosed: set[str]) -> Token:
    """The element with its content as one token. Names that never close are remembered: one search each, no more."""
    if token.name in unclosed or (token.name in _EMBEDDED and token.attributes.endswith("/")):
        return token._replace(kind=Kind.EMPTY)
    found = re.compile(rf"</{token.name}[^<>]*+>", re.IGNORECASE).search(source, token.end)
    if found is not None:
        return Token(Kind.SKIP, token.name, token.start, found.end())
    if token.name in _EMBEDDED:
        unclosed.add(token.name)
        return token._replace(kind=Kind.EMPTY)
    return Token(Kind.SKIP, token.name, token.start, len(source))


def _extents(tokens: list[Token]) -> list[int]:
    ends = [len(tokens)] * len(tokens)
    stack: list[int] = []
    everywhere: Counter[str] = Counter()
    scopes: list[Counter[str]] = [Counter()]
    for index, token in enumerate(tokens):
        name = token.name
        if token.kind == Kind.OPEN:
            stack.append(index)
            everywhere[name] += 1
            if name in _SCOPES:
                scopes.append(Counter())
            else:
                scopes[-1][name] += 1
        elif token.kind == Kind.CLOSE and (everywhere if name in _TABLE_PARTS else scopes[-1])[name] > 0:
            while stack:
                opened = stack.pop()
                closed = tokens[opened].name
                ends[opened] = index
                everywhere[closed] -= 1
                if closed in _SCOPES:
                    scopes.pop()
                else:
                    scopes[-1][closed] -= 1
                if closed == name:
                    break
    return ends
