"""The helpers that the operator added, asked about a batch of mails at once and before any transaction."""

import asyncio
from collections.abc import Sequence

from agentpost_server.screening.dnsbl import Blocklists, LookUp, look_up, read_zones
from agentpost_server.screening.model import Factor
from agentpost_server.screening.rspamd import Question, Rspamd
from agentpost_server.settings import Settings


class Screen:
    """Nothing but an empty answer where no helper is set. `close` when done."""

    def __init__(self, settings: Settings, ask_dns: LookUp = look_up) -> None:
        zones = read_zones(settings.spam_dnsbl)
        self.threshold = settings.spam_threshold
        self._blocklists = Blocklists(zones, ask_dns) if zones else None
        self._rspamd = Rspamd(settings.rspamd_url) if settings.rspamd_url else None

    def close(self) -> None:
        if self._rspamd is not None:
            self._rspamd.close()

    async def ask(self, questions: Sequence[Question]) -> list[tuple[Factor, ...]]:
        """For each mail, in order, what the helpers add; at most five seconds in all."""
        listed, said = await asyncio.gather(self._lists(questions), self._said(questions))
        return [
            (*listed.get(one.client_ip or "", ()), *([factor] if factor is not None else []))
            for one, factor in zip(questions, said, strict=True)
        ]

    async def _lists(self, questions: Sequence[Question]) -> dict[str, list[Factor]]:
        addresses = {one.client_ip for one in questions if one.client_ip}
        return await self._blocklists.factors(addresses) if self._blocklists and addresses else {}

    async def _said(self, questions: Sequence[Question]) -> Sequence[Factor | None]:
        return await self._rspamd.factors(questions) if self._rspamd and questions else [None] * len(questions)

    @property
    def has_helpers(self) -> bool:
        return self._blocklists is not None or self._rspamd is not None
