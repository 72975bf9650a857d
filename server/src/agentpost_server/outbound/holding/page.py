"""The page behind an approval link: the mail as text, and two buttons. Everything that the mail says is escaped, its
HTML is shown as source, nothing is fetched, and nothing needs a script."""

from collections.abc import Sequence
from html import escape
from typing import Final

import msgspec

from agentpost_server.mail.model import Address
from agentpost_server.outbound.holding.model import Content

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}"
    "main{max-width:44rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{color:#555}dd{margin:0}"
    "pre{white-space:pre-wrap;border:1px solid #ccc;border-radius:.375rem;padding:1rem;font:inherit}"
    "textarea{font:inherit;width:100%;box-sizing:border-box}"
    "button{font:inherit;padding:.75rem 1.5rem;border:0;border-radius:.375rem;color:#fff;margin:1rem 1rem 0 0}"
    ".yes{background:#15803d}.no{background:#b91c1c}"
    "button:focus-visible{outline:.1875rem solid #000;outline-offset:.1875rem}"
    "@media(prefers-color-scheme:dark){body{color:#f2f2f2;background:#161616}dt{color:#bbb}"
    "button:focus-visible{outline-color:#fff}}"
)
_SHOWN: Final = 100_000


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to decide about. `reasons` are sentences."""

    sender: str
    content: Content
    reasons: tuple[str, ...]
    expires_at: str
    on_expiry: str
    revision: int
    nonce: str


def ask(shown: Shown) -> str:
    """The mail, and the buttons."""
    happens = "it is sent" if shown.on_expiry == "send" else "it is not sent"
    return _page(
        "A mail waits for you",
        f"<p>{escape(' '.join(shown.reasons))} If nobody decides until {escape(shown.expires_at)}, {happens}.</p>"
        f"{_head(shown)}{_bodies(shown.content)}"
        '<form method="post">'
        f'<input type="hidden" name="revision" value="{shown.revision}">'
        f'<input type="hidden" name="nonce" value="{escape(shown.nonce)}">'
        '<p><label for="note">A note, if you reject it</label><br>'
        '<textarea id="note" name="note" rows="2" maxlength="2000"></textarea></p>'
        '<button class="yes" name="decision" value="approve">Approve and send</button>'
        '<button class="no" name="decision" value="reject">Reject</button></form>',
    )


def tell(title: str, sentence: str) -> str:
    """Afterwards, or when there is nothing to decide."""
    return _page(title, f'<p role="status">{escape(sentence)}</p>')


def _head(shown: Shown) -> str:
    content = shown.content
    rows = [("From", shown.sender)]
    rows += [
        (name, _people(found))
        for name, found in (
            ("To", content.to_addresses),
            ("Cc", content.cc_addresses),
            ("Bcc", content.bcc_addresses),
            ("Reply-To", content.reply_to_addresses),
        )
        if found
    ]
    rows.append(("Subject", content.subject or "(no subject)"))
    rows += [(f"Header {name}", value) for name, value in content.headers.items()]
    rows += [("File", f"{one.filename} ({one.mime_type}, {one.size} octets)") for one in content.attachments_meta]
    if content.send_at is not None:
        rows.append(("To be sent", content.send_at.isoformat(timespec="minutes")))
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in rows)}</dl>"


def _people(found: Sequence[Address]) -> str:
    return ", ".join(f"{one.name} <{one.email}>" if one.name else one.email for one in found)


def _bodies(content: Content) -> str:
    text = _cut(content.text_body or "")
    shown = f"<h2>Text</h2><pre>{text}</pre>" if text else ""
    if content.html_body is not None:
        shown += (
            "<details><summary>Its HTML part, as source: what most mail programs show</summary>"
            f"<pre>{_cut(content.html_body)}</pre></details>"
        )
    return shown or "<p>It has no text.</p>"


def _cut(text: str) -> str:
    if len(text) <= _SHOWN:
        return escape(text)
    return f"{escape(text[:_SHOWN])}\n\n[{len(text) - _SHOWN} more characters: read the message by the API]"


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
