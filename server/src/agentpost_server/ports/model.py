"""A language model that answers a question in words. Whoever asks must do well without an answer."""

from typing import Protocol

import msgspec


class ModelError(Exception):
    """There is no answer to use: not reached, too late, refused, or not in the form that was asked for.

    `may_cost`: the question was handed over, and nobody told what it cost.
    """

    def __init__(self, reason: str, *, may_cost: bool = False) -> None:
        super().__init__(reason)
        self.may_cost = may_cost


class Answer(msgspec.Struct, frozen=True):
    """What was said, and how many tokens question and answer cost; 0 where the model does not tell."""

    text: str
    tokens: int


class Model(Protocol):
    """`name` is shown to people: it says who judged."""

    @property
    def name(self) -> str: ...

    async def ask(self, instruction: str, content: str, *, most_tokens: int) -> Answer:
        """One answer of at most so many tokens, as a JSON object in text. Raises ModelError, and only that."""
        ...

    def close(self) -> None: ...
