"""A peer on another core may answer the dot before this loop has looked up again: the answer must not be lost."""

import socket
import threading

RAW = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 100


def _serve(listener: socket.socket) -> None:
    with listener, listener.accept()[0] as line, line.makefile("rwb", buffering=0) as peer:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.write(b"220 quick\r\n")
        replies = {b"EHLO": b"250 quick\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}
        received = b""
        while chunk := line.recv(1 << 20):
            received += chunk
            if received.endswith(b"\r\n.\r\n"):
                peer.write(b"250 2.0.0 taken\r\n")
                received = b""
            elif received.endswith(b"\r\n") and len(received) < 1000 and not received.startswith(b"Subject"):
                peer.write(replies.get(received[:4], b"250 2.0.0 fine\r\n"))
                received = b""


async def test_an_answer_that_comes_at_once_is_read(transport_to, envelope_to) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    peer = threading.Thread(target=_serve, args=(listener,), daemon=True)
    peer.start()
    transport = transport_to(port, reply_seconds=0.5, max_mails_per_connection=1000)
    for _ in range(300):
        (outcome,) = (await transport.send(envelope_to(), RAW)).outcomes.values()
        assert outcome.status == "accepted"
    await transport.close()
    peer.join(5)
    assert not peer.is_alive()
