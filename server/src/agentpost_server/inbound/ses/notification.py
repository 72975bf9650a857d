"""One message of SNS, from its bytes to its effect, whichever way it came."""

from typing import Any, cast

import msgspec
import structlog

from agentpost_server.core.errors import BadRequest, Forbidden
from agentpost_server.inbound.intake import Intake
from agentpost_server.inbound.ses import receipt
from agentpost_server.inbound.ses.sns import (
    NOTIFICATION,
    SUBSCRIPTION,
    Envelope,
    authenticate,
    read_envelope,
    refuse_replay,
)
from agentpost_server.outbound import telling
from agentpost_server.outbound.decode import ses as decode

log = structlog.get_logger("intake")


async def handle(intake: Intake, body: bytes, *, by_http: bool) -> None:
    """Durable when this returns. Raises BadRequest or Forbidden for good, Unavailable or OSError to come again."""
    envelope = read_envelope(body)
    topics = frozenset(one.strip() for one in intake.runtime.settings.ses_topics.split(",") if one.strip())
    await authenticate(envelope, topics=topics, certificates=intake.certificates)
    if by_http:
        refuse_replay(envelope, intake.runtime.now())
    if envelope.type == NOTIFICATION:
        await _notified(intake, envelope)
    elif envelope.type == SUBSCRIPTION:
        await _confirm(intake, envelope)
    else:
        log.error("sns_unsubscribed", topic=envelope.topic, fix="Subscribe again, unless you ended it yourself.")


async def _notified(intake: Intake, envelope: Envelope) -> None:
    if not envelope.message.lstrip().startswith("{"):
        # What SES says when a topic is set up.
        log.info("sns_text", topic=envelope.topic, text=envelope.message[:200])
        return
    try:
        payload: Any = msgspec.json.decode(envelope.message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest("Message is not JSON.", fix="Send what SNS sent, unchanged.") from error
    told = cast("dict[str, Any]", payload)
    if told.get("notificationType") == "Received":
        await receipt.take(intake, told)
        return
    try:
        reports = decode.told(told)
    except ValueError as error:
        raise BadRequest(str(error), fix="Subscribe only what SES publishes to this topic.") from error
    await telling.apply(intake.runtime, reports)


async def _confirm(intake: Intake, envelope: Envelope) -> None:
    topics = intake.runtime.topics
    if topics is None:
        raise Forbidden("This server cannot confirm subscriptions.", fix="Install the extra: agentpost-server[ses].")
    try:
        await topics.confirm(envelope.topic, envelope.token)
    except ValueError as error:
        raise Forbidden(str(error), fix="Create the subscription anew: a token is good for two days.") from error
    log.info("sns_subscribed", topic=envelope.topic)
