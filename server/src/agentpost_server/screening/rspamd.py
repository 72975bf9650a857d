"""What the operator's rspamd says of a mail (its HTTP protocol: `POST /checkv2`, the mail as the body).

Its score counts on another scale than ours, so its action is what is believed; the score only shades what it lets pass.
"""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Final

import msgspec

from agentpost_server.core.errors import Invalid
from agentpost_server.screening.model import Factor
from agentpost_server.screening.patience import Patience
from agentpost_server.settings import SettingsError
from agentpost_server.web.fetch import (
    Egress,
    EgressPolicy,
    FetchFailure,
    FetchLimits,
    FetchRequest,
    FetchResponse,
    check_url,
    fetch,
)

TOTAL_SECONDS: Final = 5.0
LARGEST_OCTETS: Final = 4 << 20
_AT_ONCE: Final = 8
_RECIPIENTS: Final = 20
_SYMBOLS: Final = 10
_ACTIONS: Final = {"reject": 10.0, "add header": 6.0, "rewrite subject": 6.0}
_MOST_SHADE: Final = 2.0
_SCALE: Final = 5.0
# The guard is for URLs of users. This client is given one URL only, the operator's own, and follows no redirect.
_ANYWHERE: Final = EgressPolicy(allow=(ip_network("0.0.0.0/0"), ip_network("::/0")))
_LIMITS: Final = FetchLimits(connect_seconds=2.0, total_seconds=TOTAL_SECONDS, answer_bytes=256 * 1024)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A mail and its envelope."""

    raw: bytes
    mail_from: str
    recipients: tuple[str, ...]
    client_ip: str | None
    helo: str | None


class _Answer(msgspec.Struct):
    """What we read of the answer's JSON object."""

    score: float
    required_score: float
    action: str
    is_skipped: bool = False
    symbols: dict[str, msgspec.Raw] = {}


_answer = msgspec.json.Decoder(_Answer)


class Rspamd:
    """One client of one URL. `close` when done."""

    def __init__(self, url: str) -> None:
        try:
            check_url(url, _ANYWHERE)
        except Invalid as error:
            raise SettingsError(f"AGENTPOST_RSPAMD_URL is wrong: {error.detail}") from error
        self._url = f"{url.rstrip('/')}/checkv2"
        self._egress = Egress(policy=_ANYWHERE)
        self._patience = Patience("rspamd")

    def close(self) -> None:
        self._egress.close()

    async def factors(self, questions: Sequence[Question]) -> list[Factor | None]:
        """An answer for each mail in order, within five seconds for all of them; None where there is none."""
        if not self._patience.lasts():
            return [None] * len(questions)
        turns = asyncio.Semaphore(_AT_ONCE)
        tasks = [asyncio.create_task(self._ask(one, turns)) for one in questions]
        try:
            done, late = await asyncio.wait(tasks, timeout=TOTAL_SECONDS)
            if late:
                self._patience.failed("no answer in time")
            return [task.result() if task in done else None for task in tasks]
        finally:
            for task in tasks:
                task.cancel()

    async def _ask(self, one: Question, turns: asyncio.Semaphore) -> Factor | None:
        if len(one.raw) > LARGEST_OCTETS:
            return None
        request = FetchRequest(
            url=self._url, method="POST", headers=_headers(one), body=one.raw, limits=_LIMITS, truncate=False
        )
        async with turns:
            answer = await fetch(self._egress, request)
        factor = _read(answer)
        if isinstance(factor, str):
            self._patience.failed(factor)
            return None
        self._patience.answered()
        return factor


def _headers(one: Question) -> tuple[tuple[str, str], ...]:
    pairs = [
        ("From", one.mail_from),
        *(("Rcpt", each) for each in one.recipients[:_RECIPIENTS]),
        ("IP", one.client_ip or ""),
        ("Helo", one.helo or ""),
    ]
    return tuple((name, value) for name, value in pairs if value and value.isascii() and value.isprintable())


def _read(answer: FetchResponse | FetchFailure) -> Factor | str:
    """The factor, or why there is none."""
    if isinstance(answer, FetchFailure):
        return answer.detail
    if answer.status != 200:
        return f"status {answer.status}"
    try:
        said = _answer.decode(answer.body)
    except msgspec.DecodeError:
        return "no answer of rspamd"
    share = said.score / said.required_score if said.required_score > 0 else 0.0
    shade = max(-_MOST_SHADE, min(_MOST_SHADE, share * _SCALE))
    weight = 0.0 if said.is_skipped else _ACTIONS.get(said.action, shade)
    symbols = ", ".join(name[:40] for name in list(said.symbols)[:_SYMBOLS])
    return Factor("rspamd", round(weight, 2), f"{said.action[:40]}: {symbols}"[:400])
