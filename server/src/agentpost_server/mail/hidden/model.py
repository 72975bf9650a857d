"""One piece of hidden text, and the ways of hiding."""

from typing import Literal

import msgspec

from agentpost_server.mail.html.css import Way as StyledWay

Way = Literal[
    StyledWay,
    "comment",  # <!-- … -->
    "embedded",  # template, textarea, iframe, svg …: no client shows it in the letter
    "title",  # the page's title, which mail clients do not show
    "tag_characters",  # U+E0000 and on: letters that no font draws; `text` is what they spell
    "variation_selectors",  # runs of them: `text` is the octets they spell, where those are UTF-8
    "zero_width",  # joiners, fillers, soft hyphens
    "bidi",  # marks that make text read in another order than it is written
    "unread",  # more markup than is looked through: what is hidden in it is not told apart
]
Where = Literal["text_body", "html_body", "subject", "filename"]


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """`start` and `end` are characters of the body it was found in, as given; `text` is what it says, "" when nothing
    can be read in it. `speaks`: a program that reads the source is told something that a person is not; false for
    what every newsletter has, such as filler characters and the remarks of its builder."""

    where: Where
    way: Way
    start: int
    end: int
    text: str
    speaks: bool
