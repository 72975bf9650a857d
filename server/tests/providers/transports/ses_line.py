"""A line to moto's server, which plays Amazon, on which what the tests want can go wrong."""

import asyncio
import base64
import urllib.error
import urllib.request
from typing import Final

import msgspec

from agentpost_server.ports.transport import TAG_NAME
from providers.transports.http_stand_in import HttpStandIn, Reply, Request
from providers.transports.letters import Handed

REGION: Final = "eu-west-1"
SECRET: Final = "secret/of+the+tests="
_PASSED_ON: Final = ("authorization", "content-type", "x-amz-date", "host")


class SesLine(HttpStandIn):
    def __init__(self, moto_url: str) -> None:
        super().__init__()
        self._moto_url = moto_url

    async def answer(self, request: Request) -> Reply:
        assert (request.method, request.path) == ("POST", "/v2/email/outbound-emails")
        signature = request.headers["authorization"]
        assert signature.startswith("AWS4-HMAC-SHA256 ")
        assert f"/{REGION}/ses/aws4_request" in signature
        reply = await asyncio.to_thread(self._passed_on, request)
        if reply.status == 200:
            said = msgspec.json.decode(request.body)
            tags = {one["Name"]: one["Value"] for one in said.get("EmailTags", [])}
            everyone = [one for people in said["Destination"].values() for one in people]
            wire = base64.b64decode(said["Content"]["Raw"]["Data"])
            self.handed.append(Handed(everyone, wire, tags.get(TAG_NAME)))
        return reply

    def _passed_on(self, request: Request) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
        asked = urllib.request.Request(self._moto_url + request.path, request.body, headers, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return Reply(answer.status, answer.read(), {"Content-Type": "application/json"})
        except urllib.error.HTTPError as error:
            kind = error.headers.get("x-amzn-errortype") or ""
            return Reply(error.code, error.read(), {"x-amzn-errortype": kind} if kind else {})


def refusal(status: int, code: str, message: str = "no") -> Reply:
    """An error as the service writes it."""
    return Reply.json(status, {"message": message}, x_amzn_errortype=code)
