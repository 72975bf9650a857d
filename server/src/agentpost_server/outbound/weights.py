"""Large mails under way: each is whole in memory until its call ends, so that together they are so many octets and no
more. What does not fit waits a moment, which is no try; nobody's own large mail takes more than half.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from agentpost_server.outbound.sorting import Ready

WAIT_SECONDS: Final = 5.0
MOST_OCTETS: Final = 128 << 20
"""Above twice the largest mail that there is: 40 MiB."""


class Weights:
    """What a process carries."""

    def __init__(self, most_octets: int = MOST_OCTETS) -> None:
        self._most = most_octets
        self._carried: dict[UUID, tuple[UUID, int]] = {}

    def take(self, ready: Sequence[Ready]) -> tuple[list[Ready], list[Ready]]:
        """Those that can be carried beside what is, and are from now on; and those that wait."""
        of_one: Counter[UUID] = Counter()
        for organization_id, octets in self._carried.values():
            of_one[organization_id] += octets
        go: list[Ready] = []
        wait: list[Ready] = []
        for one in ready:
            organization_id, octets = one.row["organization_id"], one.row["large_octets"] or 0
            fits = of_one[organization_id] + octets <= self._most // 2 and of_one.total() + octets <= self._most
            (go if fits or not octets else wait).append(one)
            if octets and fits:
                of_one[organization_id] += octets
                self._carried[one.row["id"]] = organization_id, octets
        return go, wait

    def give_back(self, transmission_id: UUID) -> None:
        """The call has ended, or was not made after all."""
        self._carried.pop(transmission_id, None)
