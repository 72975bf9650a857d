"""Which words of a page a person does not see: one walk down its tokens with the style that each element inherits.

Colours are compared with what lies behind them, sizes follow their parents', and what a parent hides a child may show
again where CSS says so (visibility, font size). Where a picture lies behind the words, their colour is not judged.
"""

import re
from typing import Final, NamedTuple

from agentpost_server.mail.html.colours import BLACK, LINK, WHITE, Colour, is_unreadable, over
from agentpost_server.mail.html.css import PLAIN, Declarations, Style, Way, declarations, put, style_of
from agentpost_server.mail.html.rules import Element, Rule, Rules, declared, element
from agentpost_server.mail.html.tokens import Kind, Page, Token

_TELLING: Final = ("style", "hidden", "color", "text", "background")
_SMALL_PIXELS: Final = 4.0
_ENDS_PARAGRAPH: Final = frozenset(
    """address article aside blockquote center details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hr main menu nav ol p pre section summary table ul""".split()
)
_MAX_CACHED: Final = 2_000
_QUOTED: Final = re.compile(r"=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'>]++)")
_ANCHOR: Final = Style(colour=LINK)


class Concealed(NamedTuple):
    """`ways` by token: hidden words, pictures, and the tags of what is not there at all (`display`, `attribute` …).
    `spent`: there were more style rules than are looked at."""

    ways: dict[int, Way]
    spent: bool


class _State(NamedTuple):
    """What holds inside an element until token `end`. `ground` None: a picture, so no colour is judged."""

    end: int
    name: str
    way: Way | None
    visible: bool
    size: float
    letters: Colour
    ground: Colour | None

    @property
    def text_way(self) -> Way | None:
        if self.way is not None or not self.visible:
            return self.way or "visibility"
        if self.size < _SMALL_PIXELS:
            return "font_size"
        if self.letters.alpha < 0.1 or (self.ground is not None and is_unreadable(self.letters, self.ground)):
            return "colour"
        return None


def concealed(page: Page) -> Concealed:
    """Time linear in the tokens of the page, but for its style rules, whose use is bounded."""
    return _Walk(page).run()


class _Walk:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.rules = _rules_of(page)
        self.above: list[Element] = []
        self.above_until: list[int] = []
        self.states = [_State(len(page.tokens) + 1, "", None, True, 16.0, BLACK, WHITE)]
        self.text_way: Way | None = None
        self.paragraphs = 0
        self.cache: dict[tuple[str, str], _Alike] = {}
        self.ways: dict[int, Way] = {}

    def run(self) -> Concealed:
        for index, token in enumerate(self.page.tokens):
            if self.states[-1].end <= index:
                self._leave(index)
            if token.kind == Kind.TEXT:
                if self.text_way is not None:
                    self.ways[index] = self.text_way
            elif token.kind == Kind.OPEN:
                self._enter(index, token)
            elif token.kind == Kind.EMPTY:
                self._empty(index, token)
        return Concealed(self.ways, self.rules.spent)

    def _leave(self, index: int) -> None:
        while self.states[-1].end <= index:
            self.paragraphs -= self.states.pop().name == "p"
        self.text_way = self.states[-1].text_way

    def _enter(self, index: int, token: Token) -> None:
        if self.paragraphs and token.name in _ENDS_PARAGRAPH:
            self._end_paragraph()
        style = self._style(token, self.page.ends[index])
        if style is not PLAIN:
            self._push(index, token, style)
        if (way := self.states[-1].way) is not None:
            self.ways[index] = way

    def _push(self, index: int, token: Token, style: Style) -> None:
        state = _inside(self.states[-1], style, token.name, max(self.page.ends[index], index + 1))
        self.states.append(state)
        self.paragraphs += token.name == "p"
        self.text_way = state.text_way

    def _end_paragraph(self) -> None:
        """A paragraph ends where a block begins, whether it is closed or not."""
        while self.paragraphs:
            self.paragraphs -= self.states.pop().name == "p"
        self.text_way = self.states[-1].text_way

    def _empty(self, index: int, token: Token) -> None:
        state = self.states[-1]
        if state.way is None and token.name == "img" and (style := self._style(token, index)) is not PLAIN:
            state = _inside(state, style, "img", index)
        if state.way is not None or (token.name == "img" and not state.visible):
            self.ways[index] = state.way or "visibility"

    def _style(self, token: Token, end: int) -> Style:
        """What attributes and rules give an element."""
        if not self.rules:
            if not token.attributes or not any(word in token.attributes.lower() for word in _TELLING):
                return PLAIN if token.name != "a" or "href" not in token.attributes.lower() else _ANCHOR
            return self._alike(token).style(())
        alike = self._alike(token)
        if not self.rules.nested:
            return alike.style(())
        while self.above_until and self.above_until[-1] < end:
            # It ended before this element does: what encloses it ends later, or with it.
            self.above_until.pop()
            self.above.pop()
        fitting: tuple[Rule, ...] = ()
        if alike.nested and not self.rules.spent:
            fitting = tuple([one for one in alike.nested if self.rules.stands(one, self.above)])
        if token.kind == Kind.OPEN:
            self.above.append(alike.one)
            self.above_until.append(end)
        return alike.style(fitting)

    def _alike(self, token: Token) -> "_Alike":
        key = (token.name, token.attributes)
        known = self.cache.get(key)
        if known is None:
            known = _Alike(token, self.page, self.rules)
            if len(self.cache) < _MAX_CACHED:
                self.cache[key] = known
        return known


class _Alike:
    """All elements that are written alike: only the rules that ask where an element stands tell one from another.
    `nested`: those whose last part fits."""

    def __init__(self, token: Token, page: Page, rules: Rules) -> None:
        attributes = page.attributes_of(token) if token.attributes else {}
        self.one = element(token.name, attributes)
        fitting = rules.fitting(self.one) if rules else []
        self.nested = tuple([rule for rule in fitting if rule.above])
        self._fixed = [rule for rule in fitting if not rule.above]
        self._presented = _presented(token.name, attributes)
        self._inline = declarations(attributes.get("style", ""))
        self._is_hidden = _is_hidden(token)
        self._styles: dict[tuple[tuple[int, int, int, int], ...], Style] = {}

    def style(self, nested: tuple[Rule, ...]) -> Style:
        """With the rules that fit it where it stands."""
        key = tuple([rule.weight for rule in nested])
        known = self._styles.get(key)
        if known is None:
            known = self._found(nested)
            if len(self._styles) < _MAX_CACHED:
                self._styles[key] = known
        return known

    def _found(self, nested: tuple[Rule, ...]) -> Style:
        given = dict(self._presented)
        for one in (declared((*self._fixed, *nested)), self._inline):
            for name, (value, important) in one.items():
                put(given, name, value, important)
        style = style_of(given)
        if style.way is None and self._is_hidden:
            return style._replace(way="attribute")
        return PLAIN if style == PLAIN else style


def _presented(name: str, attributes: dict[str, str]) -> Declarations:
    """Attributes that present, as the declarations they stand for."""
    given: Declarations = {}
    if name == "a" and "href" in attributes:
        put(given, "color", "#0000ee", important=False)
    if "bgcolor" in attributes:
        put(given, "background-color", attributes["bgcolor"].lower(), important=False)
    if "background" in attributes:
        put(given, "background-image", "url()", important=False)
    letters = attributes.get("color", "") if name == "font" else attributes.get("text", "") if name == "body" else ""
    if letters:
        put(given, "color", letters.lower(), important=False)
    return given


def _inside(parent: _State, style: Style, name: str, end: int) -> _State:
    ground = parent.ground
    if style.picture:
        ground = None
    elif style.ground is not None and style.ground.alpha > 0:
        # A veil over a picture leaves it unknown; anything opaque covers it.
        ground = over(style.ground, ground) if ground is not None else style.ground if style.ground.alpha == 1 else None
    return _State(
        end=end,
        name=name,
        way=parent.way or style.way,
        visible=parent.visible if style.visible is None else style.visible,
        size=parent.size if style.size is None else min(parent.size * style.size[0] + style.size[1], 1000.0),
        letters=style.colour or parent.letters,
        ground=ground,
    )


def _is_hidden(token: Token) -> bool:
    lower = token.attributes[:16_000].lower()
    return "hidden" in lower and "hidden" in _QUOTED.sub(" ", lower).replace("=", " = ").split()


def _rules_of(page: Page) -> Rules:
    rules = Rules()
    for token in page.tokens:
        if token.kind == Kind.SKIP and token.name == "style":
            source = page.source[token.start : token.end]
            rules.read(source.partition(">")[2].rpartition("<")[0])
    return rules
