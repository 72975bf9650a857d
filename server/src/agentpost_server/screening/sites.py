"""Which hosts belong to one site, and where anyone may have a mailbox for nothing.

Rough on purpose: a wrong answer costs a mail a point or two, and a copy of the public suffix list would age.
"""

import functools
from typing import Final

from agentpost_server.mail.model import Address

FREEMAIL: Final = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr live.com msn.com yahoo.com yahoo.co.uk
    yahoo.co.jp yahoo.fr yahoo.de ymail.com aol.com icloud.com me.com gmx.com gmx.net gmx.de web.de mail.com mail.ru
    bk.ru list.ru inbox.ru yandex.com yandex.ru proton.me protonmail.com tutanota.com zohomail.com qq.com 163.com
    126.com sina.com naver.com rediffmail.com orange.fr free.fr libero.it t-online.de freenet.de""".split()
)
_SECOND_LEVEL: Final = frozenset({"co", "com", "org", "net", "ac", "edu", "gov", "gob", "or", "ne"})


def domain_of(address: Address | None) -> str:
    """Behind the last @, in lower case; "" for nobody."""
    return address.email.rpartition("@")[2].lower() if address is not None else ""


@functools.lru_cache(maxsize=2048)
def site(host: str) -> str:
    """`www.shop.example.co.uk` -> `example.co.uk`: what one owner has, as far as names tell."""
    labels = host[-253:].lower().rstrip(".").split(".")
    wide = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if wide else -2 :])
