"""SendGrid, Postmark and Mailgun: does the key open the door? By GETs that change nothing."""

import base64
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from agentpost_server.cli.doctor.http_get import Said, get
from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import Finding, failed, ok, warning

_REFUSED: Final = (401, 403)
_T = TypeVar("_T")


class _Scopes(msgspec.Struct):
    scopes: list[str] = []


class _PostmarkServer(msgspec.Struct, rename="pascal"):
    delivery_type: str = ""


class _Stream(msgspec.Struct):
    ID: str


class _Streams(msgspec.Struct, rename="pascal"):
    message_streams: list[_Stream] = []


class _Domain(msgspec.Struct, frozen=True):
    state: str = "active"


class _MailgunDomain(msgspec.Struct):
    """Of a list of domains nothing is read."""

    domain: _Domain = _Domain()


async def sendgrid(one: Installation) -> list[Finding]:
    settings, name = one.settings, "sendgrid"
    headers = {"Authorization": f"Bearer {settings.sendgrid_api_key}"}
    answer = await get(f"{_base(settings.sendgrid_endpoint)}/v3/scopes", one.clocks, name="SendGrid", headers=headers)
    if answer.status in _REFUSED:
        return [_wrong_key(name, answer, "AGENTPOST_SENDGRID_API_KEY")]
    if answer.status != 200:
        return [_strange(name, answer)]
    if "mail.send" not in _read(answer, _Scopes).scopes:
        return [failed(name, "The key may not send.", "Give the key the permission Mail Send.")]
    return [ok(name, "SendGrid knows the key, and it may send.")]


async def postmark(one: Installation) -> list[Finding]:
    settings, name = one.settings, "postmark"
    headers = {"X-Postmark-Server-Token": settings.postmark_server_token, "Accept": "application/json"}
    base, stream = _base(settings.postmark_endpoint), settings.postmark_message_stream
    answer = await get(f"{base}/server", one.clocks, name="Postmark", headers=headers)
    if answer.status in _REFUSED:
        return [_wrong_key(name, answer, "AGENTPOST_POSTMARK_SERVER_TOKEN")]
    if answer.status != 200:
        return [_strange(name, answer)]
    if _read(answer, _PostmarkServer).delivery_type == "Sandbox":
        return [warning(name, "The server is a sandbox: Postmark delivers nothing.", "Use a token of a live server.")]
    if stream not in await _streams(base, headers):
        found = f"The server has no message stream {stream}."
        return [failed(name, found, "Make it, or correct AGENTPOST_POSTMARK_MESSAGE_STREAM.")]
    return [ok(name, f"Postmark knows the token, and its server has the stream {stream}.")]


async def _streams(base: str, headers: Mapping[str, str]) -> set[str]:
    return {one.ID for one in _read(await get(f"{base}/message-streams", headers=headers), _Streams).message_streams}


async def mailgun(one: Installation) -> list[Finding]:
    """A sending key may post messages and ask nothing, so that it cannot be told from a wrong one."""
    settings, name = one.settings, "mailgun"
    basic = base64.b64encode(f"api:{settings.mailgun_api_key}".encode()).decode()
    path = f"/v4/domains/{settings.mailgun_domain}" if settings.mailgun_domain else "/v4/domains?limit=1"
    headers = {"Authorization": f"Basic {basic}"}
    answer = await get(f"{_base(settings.mailgun_endpoint)}{path}", one.clocks, name="Mailgun", headers=headers)
    if answer.status in _REFUSED:
        found = f"Mailgun answers {answer.status}: the key is wrong, or a sending key, which may ask nothing."
        return [warning(name, found, "Send a mail to see which; the region must be the key's too.")]
    if answer.status == 404:
        found = f"Mailgun knows no domain {settings.mailgun_domain}."
        return [failed(name, found, "Correct AGENTPOST_MAILGUN_DOMAIN, or AGENTPOST_MAILGUN_ENDPOINT (EU or US).")]
    if answer.status != 200:
        return [_strange(name, answer)]
    state = _read(answer, _MailgunDomain).domain.state
    if state != "active":
        found = f"Mailgun's domain {settings.mailgun_domain} is {state}."
        return [failed(name, found, "Publish the records that Mailgun shows for it.")]
    return [ok(name, "Mailgun knows the key.")]


def _base(endpoint: str) -> str:
    return endpoint.rstrip("/")


def _wrong_key(name: str, answer: Said, setting: str) -> Finding:
    found = f"{setting} is refused (HTTP {answer.status})."
    return failed(name, found, "Make a new key at the provider, and set it.")


def _strange(name: str, answer: Said) -> Finding:
    return failed(name, f"The API answers HTTP {answer.status}.", "See the provider's status page, and the endpoint.")


def _read(answer: Said, kind: type[_T]) -> _T:
    """What of the answer is understood; its defaults for the rest."""
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError:
        return kind()
