"""Colours of CSS and HTML, and whether letters can be told from what they stand on (WCAG 2 contrast)."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

_NAMED: Final = {
    "white": 0xFFFFFF, "black": 0x000000, "red": 0xFF0000, "blue": 0x0000FF, "green": 0x008000, "lime": 0x00FF00,
    "yellow": 0xFFFF00, "aqua": 0x00FFFF, "cyan": 0x00FFFF, "fuchsia": 0xFF00FF, "magenta": 0xFF00FF, "gray": 0x808080,
    "grey": 0x808080, "silver": 0xC0C0C0, "maroon": 0x800000, "olive": 0x808000, "navy": 0x000080, "purple": 0x800080,
    "teal": 0x008080, "orange": 0xFFA500, "whitesmoke": 0xF5F5F5, "snow": 0xFFFAFA, "ivory": 0xFFFFF0,
    "ghostwhite": 0xF8F8FF, "floralwhite": 0xFFFAF0, "azure": 0xF0FFFF, "mintcream": 0xF5FFFA, "seashell": 0xFFF5EE,
    "aliceblue": 0xF0F8FF, "honeydew": 0xF0FFF0, "lightyellow": 0xFFFFE0, "lightcyan": 0xE0FFFF, "linen": 0xFAF0E6,
    "lavenderblush": 0xFFF0F5, "oldlace": 0xFDF5E6, "cornsilk": 0xFFF8DC, "beige": 0xF5F5DC, "gainsboro": 0xDCDCDC,
    "lightgray": 0xD3D3D3, "lightgrey": 0xD3D3D3, "lavender": 0xE6E6FA, "darkgray": 0xA9A9A9, "darkgrey": 0xA9A9A9,
}  # fmt: skip
_HEX: Final = re.compile(r"#?([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})")
_FUNCTION: Final = re.compile(r"(rgb|hsl)a?\(([^()]{1,80})\)")
_PARTS: Final = re.compile(r"[\s,/]+")
_UNREADABLE: Final = 1.2


class Colour(NamedTuple):
    """0 to 1 each, sRGB."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0


WHITE: Final = Colour(1.0, 1.0, 1.0)
BLACK: Final = Colour(0.0, 0.0, 0.0)
LINK: Final = Colour(0.0, 0.0, 0.93)


@lru_cache(maxsize=1024)
def colour(text: str) -> Colour | None:
    """A colour in lower case as CSS or an attribute writes it; None for what is not known."""
    given = text.strip()
    if given == "transparent":
        return Colour(0.0, 0.0, 0.0, 0.0)
    if (named := _NAMED.get(given)) is not None:
        return _of_number(named)
    if (match := _HEX.fullmatch(given)) is not None:
        return _of_hex(match[1])
    if (match := _FUNCTION.match(given)) is not None:
        try:
            return _of_function(match[1], [part for part in _PARTS.split(match[2].strip()) if part])
        except (ValueError, IndexError):
            return None
    return None


def over(above: Colour, below: Colour) -> Colour:
    """What is seen where `above` lies on the opaque `below`."""
    alpha = above.alpha
    red, green, blue = (one * alpha + two * (1 - alpha) for one, two in zip(above[:3], below[:3], strict=True))
    return Colour(red, green, blue)


@lru_cache(maxsize=1024)
def is_unreadable(letters: Colour, ground: Colour) -> bool:
    """Whether a person cannot tell letters of this colour from the opaque ground."""
    one, two = sorted((_luminance(over(letters, ground)), _luminance(ground)))
    return (two + 0.05) / (one + 0.05) < _UNREADABLE and _distance(over(letters, ground), ground) < 0.2


def _distance(one: Colour, two: Colour) -> float:
    """Red and green may be equally light, and are told apart all the same."""
    return max(abs(a - b) for a, b in zip(one[:3], two[:3], strict=True))


def _luminance(one: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in one[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _of_number(number: int, alpha: float = 1.0) -> Colour:
    return Colour((number >> 16) / 255, (number >> 8 & 255) / 255, (number & 255) / 255, alpha)


def _of_hex(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(one * 2 for one in digits)
    return _of_number(int(digits[:6], 16), int(digits[6:] or "ff", 16) / 255)


def _of_function(name: str, parts: list[str]) -> Colour:
    alpha = _share(parts[3], 1) if len(parts) > 3 else 1.0
    if name == "rgb":
        return Colour(_share(parts[0], 255), _share(parts[1], 255), _share(parts[2], 255), alpha)
    return _of_hsl(float(parts[0].removesuffix("deg")), _share(parts[1], 100), _share(parts[2], 100), alpha)


def _share(part: str, whole: float) -> float:
    value = float(part[:-1]) / 100 if part.endswith("%") else float(part) / whole
    return min(max(value, 0.0), 1.0)


def _of_hsl(hue: float, saturation: float, lightness: float, alpha: float) -> Colour:
    reach = saturation * min(lightness, 1 - lightness)

    def part(offset: int) -> float:
        turn = (offset + hue / 30) % 12
        return lightness - reach * max(-1, min(turn - 3, 9 - turn, 1))

    return Colour(part(0), part(8), part(4), alpha)
