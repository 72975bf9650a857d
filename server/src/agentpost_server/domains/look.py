"""Asking the DNS, and the provider, for what a domain publishes. No transaction is open meanwhile."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog

from agentpost_server.domains.judge import Question, Values
from agentpost_server.domains.records import Wanted
from agentpost_server.domains.way import provider_of
from agentpost_server.ports.domain_provider import ProviderError, ProviderRecords
from agentpost_server.ports.resolver import Resolver, ResolverError
from agentpost_server.runtime import Runtime

log = structlog.get_logger("domains")


class Answers(NamedTuple):
    """What was learnt. A question that could not be answered is missing, and so is a provider that did not answer."""

    values: dict[Question, Values]
    provider: ProviderRecords | None = None


async def ask(resolver: Resolver, wanted: Sequence[Wanted]) -> dict[Question, Values]:
    """Each question once, all at the same time, past the cache: it would only keep what was not there yet."""
    questions = list(dict.fromkeys((record.type, record.name) for record in wanted))
    found = await asyncio.gather(*(_answer(resolver, kind, name) for kind, name in questions))
    return {question: values for question, values in zip(questions, found, strict=True) if values is not None}


async def ask_provider(runtime: Runtime, row: Any) -> ProviderRecords | None:
    """What the provider of the domain's transport asks for; None where there is none, or it cannot be learnt now."""
    provider = provider_of(runtime, row["sends_by"])
    if provider is None:
        return None
    try:
        return await provider.records(row["domain"])
    except ProviderError as error:
        log.warning("a provider does not answer", domain=row["domain"], error=str(error))
        return None


async def _answer(resolver: Resolver, kind: str, name: str) -> Values | None:
    try:
        match kind:
            case "MX":
                return [f"{one.preference} {one.host}" for one in await resolver.mx(name, fresh=True)]
            case "CNAME":
                return await resolver.cname(name, fresh=True)
            case _:
                return [one.decode("utf-8", "replace") for one in await resolver.txt(name, fresh=True)]
    except ResolverError:
        return None
