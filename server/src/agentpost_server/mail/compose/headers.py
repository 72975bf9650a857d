"""Header fields as octets: folded at 78 columns, ASCII but for SMTPUTF8 addresses, unable to carry a second field.

Values that ASCII cannot hold become encoded words (RFC 2047) as a whole, so that white space survives every reader.
"""

import binascii
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from agentpost_server.mail.model import Address

LINE_WIDTH: Final = 78
# A run of this many characters without a space can be folded nowhere; as encoded words it can.
MAX_UNBROKEN: Final = 900
MAX_CITED_IDS: Final = 40
_WORD_OCTETS: Final = 42  # 42 octets are 56 characters of base64: 68 with the frame, within the 75 of RFC 2047 2
_ENDS_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
_FOLD: Final = re.compile(r" (?=[^ ])")
# RFC 2047 5 (3): what may stand for itself in an encoded word anywhere, a phrase included.
_Q_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
_Q: Final = tuple(chr(o) if o in _Q_PLAIN else "_" if o == 0x20 else f"={o:02X}" for o in range(256))


def clean(value: str) -> str:
    """The value without anything that could end a line: control characters become spaces, lone surrogates U+FFFD."""
    if value.isascii() and value.isprintable():
        return value
    return _ENDS_LINE.sub(" ", value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def unstructured(name: str, value: str) -> str:
    """`Name: value` with its CRLF (RFC 5322 2.2.1): as given when ASCII carries it, else as encoded words."""
    value = clean(value)
    plain = value.isascii() and "=?" not in value and value == value.strip(" ")
    if plain and len(name) + 2 + len(value) <= LINE_WIDTH:
        return f"{name}: {value}\r\n"
    if plain and max(map(len, value.split(" "))) <= MAX_UNBROKEN - len(name):
        return _folded(f"{name}:", _FOLD.split(value))
    return _folded(f"{name}:", encoded_words(value, LINE_WIDTH - len(name) - 2))


def addresses(name: str, mailboxes: Iterable[Address]) -> str:
    """`Name: mailbox, mailbox` with its CRLF (RFC 5322 3.4), or nothing for no mailbox."""
    words: list[str] = []
    for mailbox in mailboxes:
        words.extend(_mailbox_words(mailbox))
        words[-1] += ","
    if not words:
        return ""
    words[-1] = words[-1][:-1]
    return _folded(f"{name}:", words)


def message_ids(name: str, ids: Iterable[str]) -> str:
    """`Name: <id> <id>` with its CRLF: what is no msg-id is left out, a long chain keeps its first and its last ones.

    The first names the thread, the last ones are what readers look up (RFC 5322 3.6.4).
    """
    words = [i for i in dict.fromkeys(ids) if _MESSAGE_ID.fullmatch(i)]
    if len(words) > MAX_CITED_IDS:
        words = words[: MAX_CITED_IDS // 2] + words[-(MAX_CITED_IDS // 2) :]
    return _folded(f"{name}:", words) if words else ""


def encoded_words(value: str, first_width: int) -> list[str]:
    """The value as encoded words of at most 75 characters; characters are never split (RFC 2047 5).

    Readable Q where most octets are plain, else B. `first_width` is what the field's first line has left.
    """
    octets = value.encode()
    if not octets:
        return []
    readable = sum(map(_Q_PLAIN.__contains__, octets)) * 4 >= len(octets) * 3
    encode, size = (_q_word, 60) if readable else (_b_word, _WORD_OCTETS)
    words: list[str] = []
    chunk: list[str] = []
    used, room = 0, min(size, max(first_width - 15, 12) if readable else max((first_width - 15) * 3 // 4, 12))
    for character in value:
        cost = len(character.encode()) if not readable else sum(len(_Q[o]) for o in character.encode())
        if used + cost > room and chunk:
            words.append(encode("".join(chunk)))
            chunk, used, room = [], 0, size
        chunk.append(character)
        used += cost
    words.append(encode("".join(chunk)))
    return words


def parameter(name: str, value: str) -> list[str]:
    """`; name=value` of a MIME field as folded pieces: quoted when ASCII, else RFC 2231 with continuations."""
    value = clean(value)
    if value.isascii() and len(value) < MAX_UNBROKEN // 2:
        return [f"{name}={quoted(value)}"]
    pieces: list[str] = []
    piece = "utf-8''"
    for character in value:
        escaped = quote(character, safe="!#$&+-.^_`{}|~")
        if len(piece) + len(escaped) > 60:
            pieces.append(piece)
            piece = ""
        piece += escaped
    if not pieces:
        return [f"{name}*={piece}"]
    return [f"{name}*{i}*={p}" for i, p in enumerate([*pieces, piece])]


def quoted(value: str) -> str:
    """An RFC 5322 quoted-string of ASCII text."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mailbox_words(mailbox: Address) -> list[str]:
    if not mailbox.name:
        return [clean(mailbox.email)]
    email = f"<{clean(mailbox.email)}>"
    name = clean(mailbox.name)
    if "=?" in name or not name.isascii() or len(name) > 200:
        return [*encoded_words(name, 60), email]
    if _ATOMS.fullmatch(name):
        return [*name.split(" "), email]
    return [quoted(name), email]


def _folded(head: str, words: Iterable[str]) -> str:
    """The words behind the head, broken before a word where a line would pass 78 columns (RFC 5322 2.2.3)."""
    lines: list[str] = []
    line = head
    for word in words:
        if len(line) + 1 + len(word) > LINE_WIDTH and line is not head:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _q_word(text: str) -> str:
    return "=?utf-8?q?" + "".join([_Q[o] for o in text.encode()]) + "?="


def _b_word(text: str) -> str:
    return "=?utf-8?b?" + binascii.b2a_base64(text.encode(), newline=False).decode() + "?="
