"""The mails that the bench sends: unique Message-IDs, words that differ, one size."""

import itertools
import random
import uuid
from collections.abc import Callable

_SYLLABLES = "ka lo mi ra ten sol ver di pa nu gor est im ban cle dor fin hal jun qui".split()
_VARIANTS = 32


def mail_maker(octets: int, seed: int = 7) -> Callable[[], bytes]:
    """A function that gives one more mail of about `octets`, dot and CRLF at its end, ready for DATA."""
    run, numbers = uuid.uuid4().hex, itertools.count()
    chance = random.Random(seed)
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(4000)]
    texts = [_text(chance, words, octets) for _ in range(_VARIANTS)]

    def make() -> bytes:
        n = next(numbers)
        return b"Message-ID: <%s.%d@client.test>\r\n%s" % (run.encode(), n, texts[n % _VARIANTS])

    return make


def subject_of(tag: str) -> bytes:
    """A short mail whose subject is `tag`: to be found again at the other end."""
    return (
        f"Message-ID: <{uuid.uuid4().hex}@client.test>\r\nFrom: Ann <ann@client.test>\r\nTo: agent@bench.test\r\n"
        f"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nSubject: {tag}\r\n\r\nShort and new.\r\n.\r\n"
    ).encode()


def _text(chance: random.Random, words: list[str], octets: int) -> bytes:
    subject = " ".join(chance.choices(words, k=5))
    head = (
        f"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nFrom: Ann <ann{chance.randint(1, 16)}@client.test>\r\n"
        f"To: agent@bench.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    lines: list[str] = []
    size = len(head) + 60
    while size < octets:
        line = " ".join(chance.choices(words, k=8))[:76]
        lines.append(line)
        size += len(line) + 2
    return (head + "\r\n".join(lines) + "\r\n.\r\n").encode()
