"""From bytes to text, leniently and safely: an allow-list of codecs, a guess where nothing true is declared.

Labels are looked up in a table and never by `codecs.lookup`, which would import modules by a sender's wish and knows
codecs that are quadratic (punycode) or dangerous to show (UTF-7).
"""

import re
from encodings.aliases import aliases
from functools import lru_cache
from typing import Final

REPLACEMENT: Final = "�"

_ALLOWED_NAMES: Final = """
    ascii utf_8 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be latin_1 cp437 cp850 cp852 cp855 cp857 cp858
    cp862 cp864 cp866 cp869 cp874 cp932 cp949 cp950 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
    koi8_r koi8_u mac_roman mac_cyrillic mac_greek mac_latin2 mac_turkish gb2312 gbk gb18030 hz big5 big5hkscs euc_jp
    euc_jis_2004 euc_jisx0213 shift_jis shift_jis_2004 shift_jisx0213 iso2022_jp iso2022_jp_1 iso2022_jp_2
    iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr euc_kr johab tis_620 ptcp154 hp_roman8
    iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_11 iso8859_13
    iso8859_14 iso8859_15 iso8859_16"""
_ALLOWED: Final = frozenset(_ALLOWED_NAMES.split())
# Senders say the smaller set and write the larger one (the same choices as browsers make).
_WIDER: Final = {
    "latin_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "utf_16": "utf_16",
}
_MORE_LABELS: Final = {
    "utf8mb4": "utf_8",
    "utf": "utf_8",
    "unicode": "utf_16",
    "cp_850": "cp850",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "x_gbk": "gb18030",
    "x_euc_jp": "euc_jp",
    "x_big5": "big5",
    "x_mac_roman": "mac_roman",
    "macintosh": "mac_roman",
    "ks_c_5601_1989": "cp949",
    "windows_949": "cp949",
    "windows_874": "cp874",
    "dos_874": "cp874",
    "ansi_x3_110_1983": "cp1252",
    "x_user_defined": "cp1252",
}
_NOT_ALNUM: Final = re.compile(r"[^a-z0-9]+")
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_UNSAFE_IN_HEADER: Final = re.compile(r"[\x00\r\n\ud800-\udfff]")
_LOW: Final = bytes(range(0x80))
_NOT_LATIN: Final = bytes(octet for octet in range(256) if not chr(octet).isascii() or not chr(octet).isalpha())
_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]{3}")
# Share of octets above 0x7F among all letters from which a text is hardly Latin.
_MOSTLY_HIGH: Final = 0.6


@lru_cache(maxsize=256)
def codec_for(label: str) -> str | None:
    """The Python codec of a charset label (RFC 2978), or None when unknown or refused (UTF-7 and the like)."""
    name = _NOT_ALNUM.sub("_", label[:64].lower()).strip("_")
    codec = _MORE_LABELS.get(name) or aliases.get(name, name)
    if codec not in _ALLOWED:
        codec = aliases.get(name.replace("windows_", "cp").replace("iso_8859", "iso8859"), "")
        if codec not in _ALLOWED:
            return None
    return _WIDER.get(codec, codec)


def decode(data: bytes, label: str | None) -> tuple[str, bool]:
    """Text of `data`, and whether the declared charset was usable and fitted. Never raises.

    What does not decode becomes U+FFFD. Undeclared, unknown and US-ASCII labels are guessed: UTF-8 first.
    """
    codec = codec_for(label) if label else "ascii"
    if codec is None:
        return (data.decode("ascii", "replace"), False) if _is_utf7(label) else (guess(data), False)
    if codec == "ascii":
        if data.isascii():
            return data.decode("ascii"), True
        return guess(data), label is None and _is_utf8(data)
    try:
        return data.decode(codec), True
    except (UnicodeError, ValueError):
        return data.decode(codec, "replace"), False


def guess(data: bytes, hint: str | None = None) -> str:
    """Text of 8-bit bytes without a charset: UTF-8, else `hint`, else Cyrillic by letter statistics, else cp1252."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    codec = codec_for(hint) if hint else None
    if codec is None or codec in {"ascii", "utf_8"} or codec.startswith(("utf_16", "utf_32")):
        codec = _likely_codec(data[: 64 << 10])
    return data.decode(codec, "replace")


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates as U+FFFD: PostgreSQL and JSON refuse both."""
    if text.isascii():
        return text.replace("\x00", REPLACEMENT)
    return _UNSTORABLE.sub(REPLACEMENT, text) if _UNSTORABLE.search(text) else text


def storable_header(text: str) -> str:
    """As `storable`, and CR or LF (which encoded words can smuggle in) as spaces."""
    if text.isprintable() or not _UNSAFE_IN_HEADER.search(text):
        return text
    return storable(text.replace("\r\n", " ").replace("\r", " ").replace("\n", " "))


def _is_utf7(label: str | None) -> bool:
    return label is not None and _NOT_ALNUM.sub("", label[:64].lower()).endswith("utf7")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likely_codec(data: bytes) -> str:
    """cp1252, but where non-ASCII words have hardly a Latin letter and runs of high octets: then a Cyrillic one."""
    words = b"".join([word for word in data.split() if not word.isascii()])
    high = words.translate(None, _LOW)
    latin = words.translate(None, _NOT_LATIN)
    if len(high) <= _MOSTLY_HIGH * (len(latin) + len(high)) or not _HIGH_RUN.search(words):
        return "cp1252"
    sample = high[:2_000]
    # Lower case, of which text mostly consists, is C0-DF in KOI8-R and E0-FF in windows-1251.
    lower_koi = sum(0xC0 <= octet <= 0xDF for octet in sample)
    lower_1251 = sum(octet >= 0xE0 for octet in sample)
    return "koi8_r" if lower_koi > lower_1251 else "cp1251"
