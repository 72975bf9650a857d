"""Which messages, and how much of them, fit into an answer: the newest first, never a token above the budget.

Costs are counted block by block and once more for the whole; where the whole costs more than its blocks, the room is
made smaller and the answer filled anew. So the cuts depend on nothing but the mail, the format and the budget.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from agentpost_server.core import ids
from agentpost_server.core.errors import Invalid
from agentpost_server.messages.context.fence import NONCE_DIGITS
from agentpost_server.messages.context.model import Block, Format, Mail, Omitted, Piece, Place, Span
from agentpost_server.messages.context.pieces import Maker
from agentpost_server.messages.context.render import render
from agentpost_server.messages.context.tokens import beginning, count

_ANY_NONCE: Final = "0" * NONCE_DIGITS
_OMITTED: Final = 100
# A message is begun when this many tokens, or a quarter of the budget, are left for it.
_WORTH_BEGINNING: Final = 80


class Request(NamedTuple):
    """`shown`: so many of the mails may stand in the answer; those behind are there to compare with."""

    mails: Sequence[Mail]
    shown: int
    place: Place | None
    form: Format
    max_tokens: int
    hidden: bool


class Filled(NamedTuple):
    content: str
    tokens: int
    spans: list[Span]
    omitted: list[Omitted]
    next: Place | None


class _Choice(NamedTuple):
    """Blocks are newest first."""

    blocks: list[Block]
    omitted: list[Omitted]
    next: Place | None


def fill(asked: Request, nonce: str) -> Filled:
    """The answer's text. Raises Invalid when the budget is too small to say anything."""
    maker = Maker(asked.mails, hidden=asked.hidden)
    room = asked.max_tokens
    while True:
        choice = _choose(asked, maker, room)
        content, spans = render(choice.blocks[::-1], asked.form, nonce, asked.max_tokens)
        if (tokens := count(content)) <= asked.max_tokens:
            return Filled(content, tokens, spans, choice.omitted, choice.next)
        room -= tokens - asked.max_tokens + 4


def _choose(asked: Request, maker: Maker, room: int) -> _Choice:
    blocks: list[Block] = []
    omitted: list[Omitted] = []
    left = room - count(render([], asked.form, _ANY_NONCE, asked.max_tokens)[0])
    for index, mail in enumerate(asked.mails[: asked.shown]):
        if mail.status == "held":
            omitted.append(Omitted(message_id=ids.encode("msg", mail.id), reason="held"))
            continue
        start = asked.place.characters if asked.place is not None and asked.place.message_id == mail.id else 0
        made = maker.make(index)
        block = Block(mail, _behind(made.pieces, start), continued=start > 0, cut=False)
        cost = _cost(block, asked)
        if cost > left:
            fitted = None if blocks and left < max(_WORTH_BEGINNING, room // 4) else _fit(block, left, asked)
            return _cut(asked, index, blocks, omitted, fitted, start)
        omitted += [Omitted(message_id=ids.encode("msg", mail.id), reason=reason) for reason in made.omitted]
        left -= cost
        if block.pieces or not block.continued:
            blocks.append(block)
    follows = asked.mails[asked.shown] if asked.shown < len(asked.mails) else None
    return _Choice(blocks, omitted + _older(asked, asked.shown), None if follows is None else Place(follows.id, 0))


def _cut(
    asked: Request, index: int, blocks: list[Block], omitted: list[Omitted], fitted: Block | None, start: int
) -> _Choice:
    """The answer ends at, or in, message `index`."""
    if fitted is None and not blocks:
        raise Invalid(
            f"No text of this thread fits into {asked.max_tokens} tokens.", fix="Ask with a larger max_tokens."
        )
    taken = 0 if fitted is None else sum(len(piece.text) for piece in fitted.pieces)
    return _Choice(
        [*blocks, *([] if fitted is None else [fitted])],
        omitted + _older(asked, index),
        Place(asked.mails[index].id, start + taken),
    )


def _older(asked: Request, first: int) -> list[Omitted]:
    """The next hundred that the answer has no room for; `next_offset` leads to all."""
    return [
        Omitted(message_id=ids.encode("msg", mail.id), reason="budget")
        for mail in asked.mails[first : first + _OMITTED]
        if mail.status != "held"
    ]


def _fit(block: Block, left: int, asked: Request) -> Block | None:
    """As many pieces as fit, and the beginning of the next one; None when that is not a character."""
    cut = block._replace(cut=True)
    numbers = range(len(block.pieces))
    whole = bisect_right(
        numbers, left, key=lambda number: _cost(cut._replace(pieces=block.pieces[: number + 1]), asked)
    )
    kept = block.pieces[:whole]
    if whole < len(block.pieces):
        piece = block.pieces[whole]
        bare = _cost(cut._replace(pieces=(*kept, piece._replace(text="\n"))), asked)
        text = beginning(piece.text, left - bare) if left > bare else ""
        while text and _cost(cut._replace(pieces=(*kept, piece._replace(text=text))), asked) > left:
            text = text[: len(text) * 9 // 10]
        if text:
            kept = (*kept, piece._replace(text=text))
    return cut._replace(pieces=kept) if kept else None


def _cost(block: Block, asked: Request) -> int:
    """Of one block by itself, its share of the frame included."""
    return count(render([block], asked.form, _ANY_NONCE, 0)[0]) + 1


def _behind(pieces: Sequence[Piece], start: int) -> tuple[Piece, ...]:
    """The pieces behind the first `start` characters."""
    kept: list[Piece] = []
    for piece in pieces:
        if start < len(piece.text):
            kept.append(piece._replace(text=piece.text[start:]))
        start = max(0, start - len(piece.text))
    return tuple(kept)
