"""Domains that may be drawn to look like others: labels of mixed scripts, and whole labels of Latin look-alikes.

A flag for people and screens, never a refusal (UTS 39 "highly restrictive", and a look-alike table).
"""

import unicodedata
from typing import Final

import idna

# Scripts that are written together in ordinary words (UTS 39 5.2).
_TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
)
# Letters that are drawn like a Latin letter or digit in common fonts.
_LOOKALIKES: Final = frozenset("асԁеһіјӏорԛѕԝхуьѵгαινορυκοօսոհց")
_INHERITED: Final = frozenset({"COMBINING", "DIGIT", "HYPHEN-MINUS", "MIDDLE", "KATAKANA-HIRAGANA"})


def to_unicode(domain: str) -> str:
    """The domain as people read it (U-labels). What does not decode stays as it is."""
    try:
        return idna.decode(domain) if "xn--" in domain.lower() else domain
    except (idna.IDNAError, UnicodeError):
        return domain


def is_mixed_script(domain: str) -> bool:
    """Whether any label of the domain (A-labels or U-labels) mixes scripts or is made of Latin look-alikes only.

    A look-alike label under a top-level domain of its own script (Cyrillic under a Cyrillic one) is ordinary.
    """
    labels = to_unicode(domain).lower().split(".")
    top_scripts = _scripts(labels[-1])
    for label in labels:
        if label.isascii():
            continue
        scripts = _scripts(label)
        if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
            return True
        if scripts != top_scripts and all(c in _LOOKALIKES or c in "0123456789-" for c in label):
            return True
    return False


def _scripts(label: str) -> frozenset[str]:
    """Script names as the first word of each character's Unicode name: the only script property the library carries."""
    words = (unicodedata.name(c, "UNKNOWN").partition(" ")[0] for c in label)
    return frozenset(word for word in words if word not in _INHERITED)
