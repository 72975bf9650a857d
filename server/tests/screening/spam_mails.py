"""Spam of our own making, after the habits that everyone's mail has taught. Most must reach the threshold."""

from screening.making import INBOX, WORDS, both, made, page, with_file

_LURE = "Your parcel could not be delivered. Confirm your address within 24 hours or it goes back. "
_BAIT = f'<p>{_LURE}</p><a href="http://203.0.113.9/login">https://www.parcel.example/track</a>'
_PASSWORD = '<form action="http://203.0.113.9/x"><input name=u><input type="password" name=p></form>'
_HIDDEN = f'<div style="font-size:0px">{WORDS * 6}</div>'
_POSTER = '<a href="http://win.example/x"><img src="http://win.example/poster.png"></a>'
_ZIP = "PK\x03\x04\x14\x00\x01\x00" + "x" * 60

SPAM: dict[str, bytes] = {
    "a bank's name over a number": page(_BAIT, **{"from": "Parcel Service <info@random.example>"}),
    "a bank's name over another site": page(
        f'<p>{_LURE}</p><a href="https://evil.example/x">www.mybank.example</a>',
        subject="YOUR ACCOUNT IS BLOCKED",
        **{"from": '"service@mybank.example" <x@random.example>'},
    ),
    "a password form": page(f"<p>{_LURE}</p>{_PASSWORD}", subject="Sign in again!!"),
    "a password form over a number": page(_BAIT + _PASSWORD),
    "a host behind a user name": page(
        f'<p>{_LURE}</p><a href="http://www.mybank.example@203.0.113.9/">Check now</a>', subject="ACCOUNT CHECK NEEDED"
    ),
    "a look-alike link": page(
        f'<p>{_LURE}</p><a href="https://xn--pypal-4ve.example/x">www.paypal.example</a>', subject="Limited"
    ),
    "a look-alike author": page(_BAIT, **{"from": "Pay <service@xn--pypal-4ve.com>"}),
    "extortion in the reader's own name": made(
        "I recorded you. Pay 900 in coins within two days or everyone will see it. " * 3,
        subject="YOUR SECRET IS KNOWN!!",
        date="Sat, 7 Mar 2026 10:00:00 +0000",
        **{"from": INBOX},
    ),
    "extortion with split words": made(
        "I rec\u200bord\u200bed y\u200bou. P\u200bay in co\u200bins now. " * 4,
        subject="Your account",
        **{"from": INBOX},
    ),
    "gaps in the subject": made(
        "Buy now http://pills.example/1 and save", subject="V I A G R A for you!!", message_id=None, date=None
    ),
    "letters of two scripts": made(
        "Yоur аccоunt hаs bееn lосkеd. Plеаsе vеrify yоur pаsswоrd nоw. " * 3,
        subject="Vеrify your аccоunt!!",
        to=None,
        date=None,
    ),
    "an inheritance": made(
        "I am a lawyer of the late engineer and need your help to move 12 million. " * 4,
        subject="ATTENTION DEAR FRIEND!!",
        reply_to="lawyer.office@hotmail.com",
        to="undisclosed-recipients:;",
        **{"from": "Barrister <barrister1@gmail.com>"},
    ),
    "a loan": made(
        "We give loans at 2 percent to everyone who asks. " * 4,
        subject="LOAN OFFER FOR EVERYONE",
        reply_to="loans@yandex.ru",
        message_id=None,
        to=None,
        **{"from": "Loans <office@aol.com>"},
    ),
    "a poster": page(_POSTER, subject="YOU HAVE WON A PRIZE!!", to=None, date=None),
    "a poster without a subject": page(_POSTER, subject="", to=None),
    "a poster over hidden words": page(_POSTER + _HIDDEN, subject="Free $$$ for you"),
    "hidden words against filters": page(
        _HIDDEN + '<p>Cheap pills <a href="http://203.0.113.9/p">here</a></p>', subject="Re: your order"
    ),
    "a wall of links": page(
        "".join(f'<a href="http://{n}.spam.example/">go</a> ' for n in range(12)),
        subject="HOT GIRLS NEARBY!!",
        to=None,
        message_id=None,
    ),
    "an invoice that runs": with_file("invoice.pdf.exe", "application/octet-stream", "MZ" + "x" * 80),
    "a picture that runs": with_file("photo.jpg.scr", "image/jpeg", "MZ" + "x" * 80),
    "a script behind a fake reply": with_file("details.vbs", "text/plain", "x", _LURE, subject="Re: INVOICE 4711!!"),
    "a shortcut": with_file(
        "scan.lnk", "application/octet-stream", "x", _LURE, subject="SCAN FROM THE OFFICE", to=None
    ),
    "a locked archive": with_file(
        "docs.zip", "application/zip", _ZIP, "Password 1234", subject="Re: DOCUMENTS!!", message_id=None, to=None
    ),
    "macros of a stranger": with_file(
        "invoice.docm",
        "application/vnd.ms-word.document.macroEnabled.12",
        "x",
        _LURE,
        subject="RE: UNPAID INVOICE!!",
        date="Mon, 9 Mar 2026 10:00:00 +0000",
    ),
    "bulk that nobody can leave": both(
        _LURE, f"{_BAIT}{_HIDDEN}", precedence="bulk", subject="LAST CHANCE TODAY", message_id=None
    ),
    "two authors": made(
        _LURE + "http://203.0.113.9/x", also="From: Bank <info@mybank.example>", subject="ACCOUNT CLOSED TODAY"
    ),
    "a name that is another's address": page(
        _BAIT, **{"from": '"security@mybank.example" <a1@random.example>'}, reply_to="mybank.help@gmail.com"
    ),
    "a well-made offer of a stranger": made(
        "We build web sites at fair prices and would like to talk about yours. " * 3, subject="Your web site"
    ),
    "a well-made lure to another site": page(f'<p>{_LURE}</p><a href="https://evil.example/x">Confirm</a>'),
    "a gift card in a few words": made(
        "Are you at your desk?", subject="Quick favour", **{"from": "Boss <b@gmail.com>"}
    ),
}
