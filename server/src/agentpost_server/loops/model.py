"""What the fuse sees of a conversation, how much of it is too much, and what tripped it."""

from datetime import datetime
from typing import Literal

import msgspec


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation. `is_echo`: the inbox's own mail that came back."""

    is_ours: bool
    at: datetime
    is_echo: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The policy `loop` (SPEC 22): answers given at once in a window, and turns in a row at a machine's pace."""

    replies: int = 8
    window_seconds: int = 600
    ping_pong: int = 6


class Trip(msgspec.Struct, frozen=True):
    """Why the fuse trips; `count` is of answers (rate) or of turns (else)."""

    kind: Literal["rate", "ping_pong", "own_echo"]
    count: int
