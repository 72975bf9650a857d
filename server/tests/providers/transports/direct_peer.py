"""The transport `direct` with the scripted peer at the address of every domain."""

from agentpost_server.core.networks import parse_networks
from agentpost_server.providers.direct import DirectSettings, DirectTransport
from providers.direct.network import Network, StubResolver
from providers.scripted_peer import ScriptedPeer
from providers.transports.peers import SmtpPeer


class _OneHost(StubResolver):
    async def ipv4(self, name: str) -> list[str]:
        return [] if name == "mail.us.test" else ["127.0.0.1"]


class DirectPeer(SmtpPeer):
    """`most_at_once` is of one domain."""

    most_at_once = 2

    def __init__(self, scripted: ScriptedPeer, port: int) -> None:
        super().__init__(scripted, port)
        settings = DirectSettings(
            hostname="mail.us.test",
            port=port,
            allow=parse_networks("127.0.0.0/8"),
            greeting_seconds=5,
            command_seconds=5,
            reply_seconds=2,
            total_seconds=10,
        )
        self.transport = DirectTransport(_OneHost(Network()), settings)
