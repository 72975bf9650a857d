"""The data set: attacks in eight hiding places and honest mails of many kinds, made from the texts next door by a
seeded generator. The same seed gives the same octets; nothing of one half stands in the other.
"""

import base64
import codecs
import random
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent
HALVES: Final = ("tuned", "held_out")
PLACES: Final = ("text", "hidden", "comment", "attribute", "filename", "attachment", "header", "quoted")
_ATTACKS_A_TEXT: Final = 4
_HONEST_A_TEXT: Final = 3
_BEN: Final = "On Mon, 11 May 2026 at 09:00, Ben <ben@other.example> wrote:"
_EVENT: Final = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Meeting\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_SEED: Final = 20260512
_PEOPLE: Final = ("Ann Lee <ann@customer.example>", "Sam Roe <sam@supplier.example>", "news@shop.example",
                  "Kim <kim@university.example>", "no-reply@service.example")  # fmt: skip


class Made(NamedTuple):
    raw: bytes
    is_attack: bool
    place: str
    source: str


def texts(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").split("\n")
    return [line.partition("|")[2] for line in lines if line and not line.startswith("#")]


def letters(name: str) -> list[tuple[str, str]]:
    blocks = (HERE / name).read_text(encoding="utf-8").split("\n=== ")[1:]
    return [(head, body.strip()) for head, _, body in (block.partition("\n---\n") for block in blocks)]


def made(half: str) -> list[Made]:
    """All mails of a half: each attack in four of the eight places, each honest letter in three forms."""
    dice = random.Random(f"{_SEED}-{half}")
    honest = letters(f"honest_{half}.txt")
    found: list[Made] = []
    for number, attack in enumerate(texts(f"attacks_{half}.txt")):
        for turn in range(_ATTACKS_A_TEXT):
            place = PLACES[(number + 2 * turn + number // 8) % len(PLACES)]
            said = _disguised(attack, dice) if place in ("text", "attachment") and attack.isascii() else attack
            found.append(Made(_attack(dice, dice.choice(honest), said, place), True, place, attack))
    for number, letter in enumerate(honest):
        for turn in range(_HONEST_A_TEXT):
            form = list(_FORMS)[(number + 3 * turn) % len(_FORMS)]
            found.append(Made(_octets(_FORMS[form](_mail(dice, letter[0]), letter[1])), False, form, letter[0]))
    return found


def _mail(dice: random.Random, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = dice.choice(_PEOPLE), "agent@inbox.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{dice.getrandbits(64):x}@made.example>"
    mail["Date"] = "Tue, 12 May 2026 10:02:00 +0000"
    return mail


def _octets(mail: EmailMessage) -> bytes:
    """With boundaries of our own: those of the library are drawn anew each time."""
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_made-{number}")
    return mail.as_bytes()


def _disguised(text: str, dice: random.Random) -> str:
    """Two in seven in clear."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda one: one,
        lambda one: one,
        lambda one: "Please decode: " + base64.b64encode(one.encode()).decode(),
        lambda one: one.encode().hex(),
        lambda one: codecs.encode(one, "rot13"),
        lambda one: "".join(f"%{octet:02X}" for octet in one.encode()),
        lambda one: "Hi" + "".join(chr(0xE0000 + ord(c)) for c in one),
    )
    return dice.choice(ways)(text)


def _attack(dice: random.Random, letter: tuple[str, str], attack: str, place: str) -> bytes:
    subject, body = letter
    mail = _mail(dice, subject)
    page = f"<html><body><h1>{subject}</h1><p>{body}</p>"
    if place == "text":
        mail.set_content(f"{body}\n\n{attack}\n")
    elif place == "quoted":
        mail.set_content(f"Hello,\n\n{body}\n\n{_BEN}\n> {attack}\n> Ben\n")
    elif place == "header":
        del mail["Subject"]
        mail["Subject"] = attack[:180] if dice.random() < 0.4 else subject
        if mail["Subject"] == subject:
            mail[dice.choice(("X-Note", "X-Instructions", "Comments"))] = attack
        mail.set_content(body)
    elif place == "filename":
        mail.set_content(body)
        name = attack.replace("/", " ").replace(":", " ")[:110] + ".pdf"
        mail.add_attachment(b"%PDF-1.4 nothing", maintype="application", subtype="pdf", filename=name)
    elif place == "attachment":
        mail.set_content(body)
        _attach(mail, dice, attack)
    else:
        mail.set_content(body)
        mail.add_alternative(page + _unseen(dice, place, attack) + "</body></html>", subtype="html")
    return _octets(mail)


def _unseen(dice: random.Random, place: str, attack: str) -> str:
    safe = attack.replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    if place == "comment":
        return f"<!-- {attack.replace('--', '')} -->"
    if place == "attribute":
        kind = dice.choice(("alt", "title"))
        return f'<img src="https://shop.example/a.png" {kind}="{safe}">'
    style = dice.choice(
        ("display:none", "font-size:0", "color:#ffffff;background:#ffffff", "visibility:hidden", "opacity:0")
    )
    return f'<div style="{style}">{safe}</div>'


def _attach(mail: EmailMessage, dice: random.Random, attack: str) -> None:
    kind = dice.choice(("ics", "csv", "txt", "html"))
    if kind == "ics":
        body = _EVENT.format(attack)
        mail.add_attachment(body.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    elif kind == "csv":
        body = f'id,name,note\n1,Ann,ok\n2,Ben,"{attack}"\n'
        mail.add_attachment(body.encode(), maintype="text", subtype="csv", filename="list.csv")
    elif kind == "txt":
        mail.add_attachment(f"Notes\n\n{attack}\n".encode(), maintype="text", subtype="plain", filename="notes.txt")
    else:
        page = f"<p>See below.</p><p>{attack}</p>"
        mail.add_attachment(page.encode(), maintype="text", subtype="html", filename="page.html")


def _plain(mail: EmailMessage, body: str) -> EmailMessage:
    mail.set_content(body)
    return mail


def _newsletter(mail: EmailMessage, body: str) -> EmailMessage:
    """As a mailing service builds it: a preheader, remarks for one client, alternative texts, a counting pixel."""
    mail["List-Unsubscribe"] = "<https://shop.example/u/88>"
    mail["X-Campaign"] = "May newsletter, segment 4"
    mail.set_content(body)
    mail.add_alternative(
        f"<html><head><title>News</title><style>.a{{color:#333}}</style></head><body>"
        f'<div style="display:none;max-height:0">'
        f"{body[:90]}&zwnj;&nbsp;&zwnj;&nbsp;</div><!--[if mso]><table><tr><td><![endif]-->"
        "<!-- content starts here -->"
        f'<img src="https://shop.example/logo.png" alt="Logo of the shop"><p>{body}</p>'
        f'<a href="https://shop.example/r?u=1" title="Read more on our site">Read more</a>'
        f'<img src="https://shop.example/o.gif?u=8" width="1" height="1" alt="">'
        f"<p>You get this mail because you subscribed. View it in your browser.</p></body></html>",
        subtype="html",
    )
    return mail


def _with_file(mail: EmailMessage, body: str) -> EmailMessage:
    mail.set_content(body)
    mail.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="Report final v2 (for Ann).pdf")
    rows = "id,name,note\n1,Ann,please call back\n2,Ben,send the contract again\n"
    mail.add_attachment(rows.encode(), maintype="text", subtype="csv", filename="list.csv")
    return mail


def _invitation(mail: EmailMessage, body: str) -> EmailMessage:
    mail.set_content(body)
    event = _EVENT.format(body[:200])
    mail.add_attachment(event.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    return mail


def _answer(mail: EmailMessage, body: str) -> EmailMessage:
    mail["In-Reply-To"] = "<before@made.example>"
    mail.set_content(f"Thanks, understood.\n\n{_BEN}\n> {body}\n")
    return mail


def _footer(mail: EmailMessage, body: str) -> EmailMessage:
    mail.set_content(
        f"{body}\n\n-- \nExample Ltd, 14 Harbour Row, London\nThis message is confidential. If you are not the "
        "intended recipient, do not copy or forward it, tell the sender, and delete it. Think before you print.\n"
    )
    return mail


def _encoded(mail: EmailMessage, body: str) -> EmailMessage:
    """With what looks encoded and says nothing: a commit, a token, a link with percent signs."""
    token = base64.b64encode(body.encode()[:60]).decode()
    link = f"https://shop.example/s?q=caf%C3%A9%20cr%C3%A8me&t={token}"
    mail.set_content(f"{body}\n\nSee {link} (commit 9f8e7d6c5b4a39281706f5e4d3c2b1a0)\n")
    return mail


_FORMS: Final[dict[str, Callable[[EmailMessage, str], EmailMessage]]] = {
    "plain": _plain,
    "newsletter": _newsletter,
    "file": _with_file,
    "invitation": _invitation,
    "answer": _answer,
    "footer": _footer,
    "encoded": _encoded,
}
