"""Ordinary mails in all their shapes. None may reach the threshold."""

from screening.making import WORDS, both, made, page, with_file

_LIST = "List-Unsubscribe: <https://news.shop.example/u/1>\r\nList-Id: <news.shop.example>"
_COUNTED = "https://click.mailer.example/c/1a2b"
_NEWS = (
    '<div style="display:none">Our spring sale begins &zwnj; &zwnj; &zwnj;</div><h1>Spring sale</h1>'
    f'<img src="https://img.mailer.example/a.png"><p>{WORDS * 3}</p>'
    f'<a href="{_COUNTED}1">www.shop.example</a> <a href="{_COUNTED}2">See all shoes in our shop</a>'
    f'<a href="{_COUNTED}3">www.partner.example</a> <a href="{_COUNTED}4">Unsubscribe here</a>'
)
_PIXEL = '<img src="https://track.example/p.gif" width="1" height="1">'
_DSN = (
    "--b0\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered to bob@example.net.\r\n"
    "--b0\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    "Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b0--\r\n"
)
_INVITE = (
    "--b0\r\nContent-Type: text/plain\r\n\r\nTeam meeting\r\n"
    '--b0\r\nContent-Type: text/calendar; method=REQUEST; charset="utf-8"\r\n\r\n'
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n--b0--\r\n"
)
_NO_EXTRAS = dict.fromkeys(("received", "mime_version"))

HAM: dict[str, bytes] = {
    "a personal mail": made(),
    "one line": made("Thanks!\r\n", subject="Re: lunch", also="In-Reply-To: <1@agents.example>"),
    "a reply whose references got lost": made("Yes, Tuesday suits me.\r\n", subject="Re: Tuesday"),
    "a bare link with a subject": made("https://example.com/a/report\r\n"),
    "a bare link without a subject": made("https://example.com/a/report\r\n", subject=""),
    "a mail in Russian": made("Добрый день! Отправляю отчёт за март, посмотрите, пожалуйста. " * 4, subject="Отчёт"),
    "a mail in Greek with formulas": made("Το Δx και το αβ είναι εδώ, και Ax, Bx επίσης. " * 4, subject="Τιμές"),
    "a mail in Japanese": made("三月の報告書をお送りします。ご確認ください。" * 4, subject="三月の報告書"),
    "a mail in Persian": made("گزارش ماه را می\u200cفرستم، لطفاً نگاه کنید. " * 4, subject="گزارش"),
    "German with soft hyphens": page(
        "<p>Ver\u00adsand\u00adbe\u00adstä\u00adti\u00adgung Ihrer Be\u00adstel\u00adlung</p>"
    ),
    "a question in capitals": made("PLEASE CALL ME BACK TODAY, IT IS ABOUT THE ROOF.", subject="ROOF OF THE HOUSE"),
    "an excited friend": made("We got the flat!!! Party on Saturday at ours!!!", subject="We got it!!!"),
    "from a phone": made("Running late, 10 minutes\r\n\r\nSent from my iPhone", subject=""),
    "a photo from a phone": with_file("IMG_1.jpeg", "image/jpeg", "\x7f", "", subject=""),
    "a mail with nothing in it": made("", subject=""),
    "HTML only, by a person": page(f"<p>{WORDS}</p><p>Ann</p>"),
    "a short answer with a logo": page(
        '<p>Ok</p><a href="https://example.com"><img src="https://example.com/logo.png"></a>',
        subject="Re: lunch",
        also="In-Reply-To: <1@agents.example>",
    ),
    "Outlook on both tracks": both(WORDS, f'<p class="MsoNormal">{WORDS}<span style="mso-hide:all"> </span></p>'),
    "a newsletter": both(WORDS, _NEWS, also=_LIST, **{"from": "Shop <news@shop.example>"}),
    "a newsletter of HTML only": page(_NEWS, also=_LIST, **{"from": "Shop <news@shop.example>"}),
    "a newsletter with a phone's and a desk's version": page(
        f'<div style="display:none">{WORDS * 5}</div><div>{WORDS * 5}</div>', also=_LIST
    ),
    "a newsletter that is one picture": page(
        f'<a href="{_COUNTED}"><img src="https://img.mailer.example/all.png"></a>', also=_LIST
    ),
    "a digest of links": page("".join(f'<a href="{_COUNTED}{n}">Story number {n}</a> ' for n in range(20)), also=_LIST),
    "a receipt": both(
        "Your order 1042: 3 items, 59.90 EUR",
        f'<p>Thanks for your order 1042. {WORDS}</p><a href="{_COUNTED}">https://shop.example/orders/1042</a>{_PIXEL}',
        **{"from": "Shop <no-reply@shop.example>", "reply_to": "help@shop.example"},
    ),
    "a receipt of HTML only": page(
        f'<p>Thanks for your order 1042. {WORDS}</p><a href="{_COUNTED}">www.shop.example</a>{_PIXEL}',
        **{"from": "Shop <no-reply@shop.example>"},
    ),
    "a code": both("Your code is 482913", "<h1>482913</h1><p>It is good for ten minutes. Nobody will ask for it.</p>"),
    "a code, plain": made("482913 is your code.", subject="482913"),
    "a reset link": page(
        '<p>You asked for a new password.</p><a href="https://app.example/r/9f86d081">Set it here</a>'
    ),
    "a sign-in link in few words": page('<a href="https://app.example/in/9f86">Sign in</a>', subject="Sign in"),
    "out of office": made(
        "I am away until Monday.", subject="Automatic reply: The report", also="Auto-Submitted: auto-replied"
    ),
    "an old auto-reply with Precedence": made("I am away.", subject="Away", precedence="bulk"),
    "a bounce": made(
        _DSN,
        'multipart/report; report-type=delivery-status; boundary="b0"',
        subject="Undelivered Mail Returned to Sender",
        **{"from": "MAILER-DAEMON@mx.example.net (Mail Delivery System)"},
    ),
    "an invitation": made(_INVITE, 'multipart/alternative; boundary="b0"', subject="Invitation: Team meeting"),
    "cron": made("ok\r\n", subject="Cron <root@web1> /usr/bin/backup", **{"from": "root@web1.example (Cron Daemon)"}),
    "cron of a machine without a domain": made(
        "ok\r\n", subject="Cron <root@web1> x", message_id=None, **{"from": "root@web1"}, to="root", **_NO_EXTRAS
    ),
    "a script's raw mail": made("disk full on /var\r\n", date=None, message_id=None, **_NO_EXTRAS),
    "a script that names nobody": b"Subject: backup done\r\n\r\n12 files\r\n",
    "a monitor that shouts": made("Disk 97 % on db1", subject="CRITICAL: DB1 DISK IS FULL!!", date=None),
    "a report of a machine by its address": made("See http://10.0.0.7:3000/d/12 for the graph of today."),
    "another agent": made(
        '{"task": "quote", "items": [1, 2, 3]}', subject="quote-request", **{"from": "Quotes <agent@bots.example>"}
    ),
    "a mailing list with munged names": made(
        also="List-Id: <dev.lists.example>\r\nPrecedence: list",
        **{"from": '"ann@example.com via dev" <dev@lists.example>'},
    ),
    "our own mail back from a list": made(also="List-Id: <dev.lists.example>", **{"from": "support@agents.example"}),
    "a contact form": made(reply_to="carla@gmail.com", **{"from": "Website <form@site.example>"}),
    "a name that is its own address": made(**{"from": '"ann@example.com" <ann@example.com>'}),
    "a friend at a free mail service": made(reply_to="ann.smith@gmail.com", **{"from": "Ann <ann@gmail.com>"}),
    "a mail to hidden recipients": made(to="undisclosed-recipients:;"),
    "a mail that waited for a week": made(date="Mon, 23 Feb 2026 10:00:00 +0000"),
    "an old mail sent on": made(date="Fri, 2 Jan 2015 10:00:00 +0000", also="Resent-From: ann@example.com"),
    "a clock in the wrong zone": made(date="Mon, 2 Mar 2026 22:00:00 -0000"),
    "a contract as PDF": with_file("contract.pdf", "application/pdf", "%PDF-1.7 x"),
    "a script as a file": with_file("build.js", "text/javascript", "console.log(1)"),
    "an installer from a colleague": with_file("setup.msi", "application/octet-stream", "x"),
    "a sheet with macros": with_file("plan.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", "x"),
    "a report as a web page": with_file("coverage.html", "text/html", "<!doctype html><p>80 %</p>"),
    "a link that shows a file's name": page(f'<p>{WORDS}</p><a href="https://drive.example/f/1">contract.pdf</a>'),
}
