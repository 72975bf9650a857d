"""Blocks as the text of an answer, and where in it each piece stands."""

from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.messages.context import fence
from agentpost_server.messages.context.model import Block, Format, Piece, Span

# Below this an answer cannot spare the words that explain its fences.
_LEGEND_TOKENS: Final = 500


class _Text:
    """What was written so far, and the spans in it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.spans: list[Span] = []

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def add_piece(self, text: str, block: Block, piece: Piece) -> None:
        mail = block.mail
        self.spans.append(
            Span(
                start=self.length,
                end=self.length + len(text),
                message_id=ids.encode("msg", mail.id),
                attachment_id=ids.encode_or_none("att", piece.attachment_id),
                page=piece.page,
                kind=piece.kind,
                sender=fence.sender_of(mail.sender),
                direction=mail.direction,
                trust=mail.trust,
            )
        )
        self.add(text)


def render(blocks: Sequence[Block], form: Format, nonce: str, max_tokens: int) -> tuple[str, list[Span]]:
    """In the order given. The same blocks give the same text, but for the nonce."""
    text = _Text()
    if form == "json":
        _json(text, blocks, nonce)
    else:
        if max_tokens >= _LEGEND_TOKENS:
            text.add(fence.legend(nonce))
        for block in blocks:
            _fenced(text, block, nonce)
    return "".join(text.parts), text.spans


def _fenced(text: _Text, block: Block, nonce: str) -> None:
    pieces = block.pieces or (Piece("new", ""),)
    for number, piece in enumerate(pieces):
        text.add(fence.opening(block, piece, number == 0, nonce))
        if piece.text:
            text.add_piece(piece.text, block, piece)
            if not piece.text.endswith("\n"):
                text.add("\n")
    text.add(fence.closing(block, nonce))


def _json(text: _Text, blocks: Sequence[Block], nonce: str) -> None:
    """Text stands within the quotes of JSON, which is a fence that nothing within can end."""
    text.add(f'{{"nonce":"{nonce}","messages":[')
    for number, block in enumerate(blocks):
        mail = block.mail
        head = {
            "message_id": ids.encode("msg", mail.id),
            "sender": fence.sender_of(mail.sender),
            "direction": mail.direction,
            "trust": mail.trust,
            "sent_at": rfc3339(mail.sent_at),
            "continued": block.continued,
            "cut": block.cut,
        }
        text.add(f'{"," if number else ""}{_encoded(head)[:-1]},"parts":[')
        for at, piece in enumerate(block.pieces):
            origin: dict[str, object] = {"kind": piece.kind}
            if piece.attachment_id is not None:
                origin |= {"attachment_id": ids.encode("att", piece.attachment_id), "page": piece.page}
            text.add(f'{"," if at else ""}{_encoded(origin)[:-1]},"text":"')
            text.add_piece(_encoded(piece.text)[1:-1], block, piece)
            text.add('"}')
        text.add("]}")
    text.add("]}")


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()
