"""A name server on loopback whose zone a test writes: real packets over UDP and TCP, real answers and real silence.

`zone[("example.com", "TXT")] = ["v=spf1 -all"]`; a value of `SERVFAIL` or `SILENCE` does what it says.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL = "servfail"
SILENCE = "silence"
_UDP_OCTETS = 1232
Zone = dict[tuple[str, str], Sequence[str] | str]


class NameServer:
    """`zone` may change at any time; `asked` is every question, in order, as (name, type)."""

    def __init__(self, zone: Zone | None = None) -> None:
        self.zone: Zone = dict(zone or {})
        self.asked: list[tuple[str, str]] = []
        self.ttl = 300
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def txt(self, name: str, *texts: str) -> None:
        """Publish TXT records; long ones are cut into strings of 255 octets as zone files do."""
        self.zone[name, "TXT"] = [
            " ".join('"' + text[n : n + 255].replace('"', '\\"') + '"' for n in range(0, max(len(text), 1), 255))
            for text in texts
        ]

    def answer(self, packet: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(packet)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        for _ in range(20):  # more aliases than any resolver follows
            found = self.zone.get((name, kind))
            if found == SILENCE:
                return None
            if found == SERVFAIL:
                response.set_rcode(dns.rcode.SERVFAIL)
                return response
            if found is not None:
                _add(response, name, self.ttl, kind, found)
                return response
            alias = self.zone.get((name, "CNAME"))
            if not alias or kind == "CNAME":
                break
            _add(response, name, self.ttl, "CNAME", alias)
            name = alias[0].rstrip(".").lower()
        if not any(known == name or known.endswith("." + name) for known, _ in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


def _add(response: dns.message.Message, name: str, ttl: int, kind: str, texts: Any) -> None:
    response.answer.append(dns.rrset.from_text_list(dns.name.from_text(name), ttl, "IN", kind, list(texts)))


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        with contextlib.suppress(Exception):
            if (response := self._server.answer(data)) is not None:
                wire = response.to_wire(max_size=65535)
                if len(wire) > _UDP_OCTETS:
                    response.answer.clear()
                    response.flags |= dns.flags.TC
                    wire = response.to_wire()
                self._transport.sendto(wire, addr)


@asynccontextmanager
async def name_server(zone: Zone | None = None) -> AsyncGenerator[NameServer]:
    """Listens on one port of 127.0.0.1 by UDP and by TCP until the block ends."""
    server = NameServer(zone)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(Exception):
            while True:
                packet = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                if (response := server.answer(packet)) is None:
                    continue
                wire = response.to_wire(max_size=65535)
                writer.write(len(wire).to_bytes(2) + wire)
                await writer.drain()
        writer.close()

    loop = asyncio.get_running_loop()
    tcp = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(server), local_addr=("127.0.0.1", server.port))
    try:
        yield server
    finally:
        udp.close()
        tcp.close()
