"""The page behind an unsubscribe link. It never acts when it is only looked at: scanners fetch every link in a mail."""

from html import escape
from typing import Final

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}"
    "main{max-width:32rem;margin:4rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "button{font:inherit;padding:.75rem 1.5rem;border:0;border-radius:.375rem;color:#fff;background:#1d4ed8}"
    "button:focus-visible{outline:.1875rem solid #000;outline-offset:.1875rem}"
    "@media(prefers-color-scheme:dark){body{color:#f2f2f2;background:#161616}button:focus-visible{outline-color:#fff}}"
)


def ask(email: str) -> str:
    """With the button."""
    return _page(
        "Unsubscribe",
        f"<p>Stop mail from this sender to <strong>{escape(email)}</strong>?</p>"
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        '<button type="submit">Unsubscribe</button></form>',
    )


def done(email: str) -> str:
    """Afterwards, however often."""
    said = f"This sender does not write to <strong>{escape(email)}</strong> any more. You can close this page."
    return _page("You are unsubscribed", f'<p role="status">{said}</p>')


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
