"""Going on with HTTP after an upgrade that we do not take part in, such as the `h2c` that some clients always offer.

llhttp stops reading at the end of such a request's headers and would take its body for the next request. A fresh parser
that has been told only the framing of the body reads on from there.
"""

from typing import Protocol

import httptools


class ParserCallbacks(Protocol):
    """What httptools calls while it parses."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


class _Muted:
    """Passes callbacks on, but not before the made-up head has gone by."""

    def __init__(self, callbacks: ParserCallbacks) -> None:
        self.callbacks = callbacks
        self.muted = True

    def on_message_begin(self) -> None:
        if not self.muted:
            self.callbacks.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.muted:
            self.callbacks.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.muted:
            self.callbacks.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.muted:
            self.callbacks.on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.callbacks.on_body(body)

    def on_message_complete(self) -> None:
        self.callbacks.on_message_complete()


def resume_at_body(callbacks: ParserCallbacks, framing: list[tuple[bytes, bytes]]) -> httptools.HttpRequestParser:
    """A parser that stands right behind headers with this `framing` (Content-Length or Transfer-Encoding)."""
    muted = _Muted(callbacks)
    parser = httptools.HttpRequestParser(muted)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    parser.feed_data(b"POST / HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % header for header in framing) + b"\r\n")
    muted.muted = False
    return parser
