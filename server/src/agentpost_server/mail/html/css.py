"""Declarations of CSS, and what they mean for whether words can be seen. What is not understood hides nothing.

Only what is declared is judged: no layout is done, so a box that another box covers counts as seen.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from agentpost_server.mail.html.colours import Colour, colour

Way = Literal[
    "display",  # display:none, content-visibility:hidden
    "visibility",  # visibility:hidden, collapse
    "opacity",  # opacity or filter near 0
    "font_size",  # 0 to 3 px
    "colour",  # the same as the background, nearly so, or transparent
    "off_screen",  # moved out of the page by position, margin, indent or transform
    "clipped",  # no width or height is left for it
    "attribute",  # the attribute `hidden`
]
Declarations = dict[str, tuple[str, bool]]
"""Property to its value in lower case, and whether it is `!important`."""

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([0-9a-f]{1,6})\s?|\\(.)", re.IGNORECASE | re.DOTALL)
_LENGTH: Final = re.compile(r"([+-]?(?:\d{1,9}\.?\d{0,9}|\.\d{1,9}))(px|pt|em|rem|%|ex|ch|cm|mm|in|pc|vw|vh|q)?")
_PIXELS: Final = {
    "px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "cm": 37.8, "mm": 3.78, "in": 96.0,
    "pc": 16.0, "vw": 8.0, "vh": 6.0, "q": 0.945, "%": 6.0,
}  # fmt: skip
_SIZES: Final = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0, "xx-large": 32.0,
}  # fmt: skip
_POSITIONED: Final = ("absolute", "fixed", "relative")
_MAX_STYLE: Final = 20_000
_MAX_DECLARATIONS: Final = 300
_FAR: Final = -400.0
_FAINT: Final = 0.1
_TELLING: Final = (
    "display", "visib", "opacity", "font", "color", "backgr", "height", "width", "position", "indent", "margin",
    "transform", "clip", "filter", "\\",
)  # fmt: skip


class Style(NamedTuple):
    """`size` is (times the parent's, plus pixels); None: inherited. `picture`: an image or gradient lies behind."""

    way: Way | None = None
    visible: bool | None = None
    size: tuple[float, float] | None = None
    colour: Colour | None = None
    ground: Colour | None = None
    picture: bool = False


PLAIN: Final = Style()


def declarations(style: str) -> Declarations:
    """What a `style` attribute, or the inside of a rule, declares; the last of equal ones holds."""
    text = style[:_MAX_STYLE].lower()
    if not any(word in text for word in _TELLING):
        return {}
    if "/*" in text:
        text = _COMMENT.sub("", text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text).lower()
    found: Declarations = {}
    for one in text.split(";", _MAX_DECLARATIONS)[:_MAX_DECLARATIONS]:
        name, _, value = one.partition(":")
        value, mark, _ = value.partition("!")
        put(found, name.strip(), value.strip(), bool(mark))
    return found


def put(found: Declarations, name: str, value: str, important: bool) -> None:
    """Declare over what stands, unless that is more important."""
    if name and value and (important or not found.get(name, ("", False))[1]):
        found.pop(name, None)
        found[name] = (value, important)


def style_of(given: Declarations) -> Style:
    """What the declarations of one element mean."""
    if not given:
        return PLAIN
    values = {name: value for name, (value, _) in given.items()}
    ground, picture = _ground(values)
    letters = values.get("-webkit-text-fill-color") or values.get("color")
    return Style(
        way=_way(values),
        visible=_visible(values.get("visibility")),
        size=_size(values),
        colour=colour(letters) if letters else None,
        ground=ground,
        picture=picture,
    )


def pixels(value: str | None) -> float | None:
    """A length in pixels, where a parent's size does not matter much; None when it is none."""
    if value is None or (match := _LENGTH.match(value)) is None:
        return None
    return float(match[1]) * _PIXELS.get(match[2] or "px", 1.0)


def _way(values: Mapping[str, str]) -> Way | None:
    if values.get("display") == "none" or values.get("content-visibility") == "hidden":
        return "display"
    if _is_faint(values.get("opacity")) or _is_faint(_argument(values.get("filter", ""), "opacity")):
        return "opacity"
    if _is_off_screen(values):
        return "off_screen"
    return "clipped" if _is_clipped(values) else None


def _is_faint(value: str | None) -> bool:
    if value is None or (match := _LENGTH.match(value)) is None:
        return False
    return float(match[1]) / (100 if match[2] == "%" else 1) <= _FAINT


def _is_off_screen(values: Mapping[str, str]) -> bool:
    moved = ("left", "top", "right", "bottom") if values.get("position") in _POSITIONED else ()
    if any(_is_far(values.get(name)) for name in (*moved, "text-indent", "margin-left", "margin-top", "margin-right")):
        return True
    if any(_is_far(part) for part in values.get("margin", "").split()):
        return True
    transform = values.get("transform", "") or values.get("-webkit-transform", "")
    moves = (_argument(transform, name) for name in ("translate", "translatex", "translatey", "translate3d"))
    if any(_is_far(part.strip()) for move in moves if move for part in move.split(",")):
        return True
    scales = (_argument(transform, name) for name in ("scale", "scalex", "scaley"))
    return any(_is_faint(scale.strip()) for scale in scales if scale)


def _is_far(value: str | None) -> bool:
    return value is not None and (length := pixels(value)) is not None and length <= _FAR


def _is_clipped(values: Mapping[str, str]) -> bool:
    if _is_nothing(values.get("max-height")) or _is_nothing(values.get("max-width")):
        return True
    cut = any("hidden" in values.get(name, "") or "clip" in values.get(name, "") for name in _OVERFLOWS)
    if cut and any(_is_nothing(values.get(name), 1) for name in ("height", "width", "max-height", "max-width")):
        return True
    rectangle = _argument(values.get("clip", ""), "rect")
    if rectangle is not None and values.get("position") in ("absolute", "fixed"):
        sides = [pixels(part) for part in rectangle.replace(",", " ").split()]
        return len(sides) == 4 and all(side is not None and 0 <= side <= 1 for side in sides)
    inset = _argument(values.get("clip-path", ""), "inset")
    circle = _argument(values.get("clip-path", ""), "circle")
    return (inset is not None and _percent(inset) >= 50) or (circle is not None and _is_nothing(circle))


_OVERFLOWS: Final = ("overflow", "overflow-x", "overflow-y")


def _is_nothing(value: str | None, most: float = 0) -> bool:
    return value is not None and (length := pixels(value)) is not None and length <= most


def _percent(value: str) -> float:
    match = _LENGTH.match(value.strip())
    return float(match[1]) if match is not None and match[2] == "%" else 0.0


def _argument(value: str, function: str) -> str | None:
    """What stands in the brackets of `function(…)`."""
    before, bracket, rest = value.partition(f"{function}(")
    return rest.partition(")")[0] if bracket and not before[-1:].isalnum() else None


def _visible(value: str | None) -> bool | None:
    if value in ("hidden", "collapse"):
        return False
    return True if value in ("visible", "initial") else None


def _size(values: Mapping[str, str]) -> tuple[float, float] | None:
    value = values.get("font-size")
    if value is None:
        value = next((part for part in values.get("font", "").split() if part[0].isdigit() and part[-1:].isalpha()), "")
    if value in _SIZES:
        return 0.0, _SIZES[value]
    match = _LENGTH.match(value)
    if match is None:
        return None
    if match[2] == "%":
        return float(match[1]) / 100, 0.0
    return (float(match[1]), 0.0) if match[2] == "em" else (0.0, float(match[1]) * _PIXELS.get(match[2] or "px", 1.0))


def _ground(values: Mapping[str, str]) -> tuple[Colour | None, bool]:
    """The colour behind the words, and whether a picture may hide it."""
    shorthand, plain = values.get("background", ""), values.get("background-color", "")
    picture = any("url(" in value or "gradient(" in value for value in (shorthand, values.get("background-image", "")))
    found = colour(plain) if plain else None
    if found is None and shorthand:
        found = colour(shorthand) or next(filter(None, map(colour, shorthand.split()[:10])), None)
    return found, picture


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
