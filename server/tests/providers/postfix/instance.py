"""A Postfix of the test's own on loopback ports: own configuration, queue and maildirs, no DNS, delivery to maildirs.

Nothing of a Postfix that the machine may run for itself is read or changed. It has to be started by root.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

DOMAIN = "post.test"
SIZE_LIMIT = 300_000
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
mail_owner = postfix
myhostname = mx.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
local_header_rewrite_clients =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/config/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/config/access
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtputf8_enable = yes
message_size_limit = {size}
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/config/certificate.pem
smtpd_tls_key_file = {folder}/config/key.pem
smtpd_tls_received_header = yes
smtpd_client_connection_count_limit = 0
maillog_file =
"""
_SERVICES = """
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
tlsmgr    unix - - n 1000? 1 tlsmgr
scache    unix - - n - 1 scache
"""


class Postfix:
    """`port` offers all that Postfix can; `bare_port` neither SIZE nor STARTTLS. `later@` is deferred for ever."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.bare_port = _free_port(), _free_port()

    def start(self, mailboxes: list[str], certificate: bytes, key: bytes) -> None:
        owner, box_owner = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        self.folder.chmod(0o755)
        for name in ("config", "queue", "state", "mail"):
            (self.folder / name).mkdir(mode=0o755)
        os.chown(self.folder / "state", owner.pw_uid, owner.pw_gid)
        os.chown(self.folder / "mail", box_owner.pw_uid, box_owner.pw_gid)
        names = {"folder": self.folder, "domain": DOMAIN, "size": SIZE_LIMIT}
        bare = "-o smtpd_discard_ehlo_keywords=size,starttls"
        files = {
            "main.cf": _MAIN.format(uid=box_owner.pw_uid, gid=box_owner.pw_gid, **names),
            "master.cf": f"127.0.0.1:{self.port} inet n - n - - smtpd\n"
            f"127.0.0.1:{self.bare_port} inet n - n - - smtpd {bare}\n{_SERVICES}",
            "mailboxes": "".join(f"{one}@{DOMAIN} {one}/\n" for one in mailboxes),
            "access": f"later@{DOMAIN} 450 4.7.1 greylisted, come again\n",
            "certificate.pem": certificate.decode(),
            "key.pem": key.decode(),
        }
        for name, text in files.items():
            (self.folder / "config" / name).write_text(text, encoding="utf-8")
        (self.folder / "config" / "key.pem").chmod(0o600)
        started = self._command("start")
        assert started.returncode == 0, started.stdout + started.stderr
        _wait_for(self.port)

    def stop(self) -> None:
        self._command("abort")

    def mails(self, mailbox: str) -> list[bytes]:
        """What lies in a maildir now, with Postfix's trace headers on top and line ends of LF."""
        folder = self.folder / "mail" / mailbox / "new"
        return [one.read_bytes() for one in sorted(folder.iterdir())] if folder.exists() else []

    def _command(self, verb: str) -> subprocess.CompletedProcess[str]:
        command = ["postfix", "-c", str(self.folder / "config"), verb]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def missing() -> str | None:
    """Why no Postfix can be started here, or None."""
    if not shutil.which("postfix"):
        return "Postfix is not installed: apt-get install postfix"
    return None if os.geteuid() == 0 else "Postfix can be started by root alone"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _wait_for(port: int) -> None:
    end = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
