"""A private Postfix on a loopback port: queue fsync as shipped, virtual delivery to maildirs, no DNS, no limits.

Nothing of a Postfix that the machine may run for itself is read or changed.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

_DOMAIN = "bench.test"
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
mail_owner = {owner}
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/config/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtpd_tls_security_level = none
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_recipient_rate_limit = 0
smtpd_delay_reject = yes
in_flow_delay = 0
soft_bounce = no
default_process_limit = 100
virtual_destination_concurrency_limit = 20
maillog_file =
"""
_RELAY = """
relayhost = [127.0.0.1]:{relay_port}
smtp_tls_security_level = none
smtp_host_lookup = native
smtp_destination_concurrency_limit = 20
default_destination_concurrency_limit = 20
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{hold_port} inet n - n - - smtpd -o smtpd_client_restrictions=static:HOLD
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
anvil     unix - - n - 1 anvil
pickup    unix n - n 60 1 pickup
showq     unix n - n - - showq
tlsmgr    unix - - n 1000? 1 tlsmgr
scache    unix - - n - 1 scache
"""


class Postfix:
    """A running instance: its ports, its recipients, and how many mails lie in their maildirs.

    What comes to `port` is delivered at once; what comes to `hold_port` is queued, flushed and left in the queue.
    """

    def __init__(self, folder: Path, mailboxes: int, relay_port: int | None = None) -> None:
        self.folder = folder
        self._relay_port = relay_port
        self.port = free_port()
        self.hold_port = free_port()
        self.recipients = [f"agent{n}@{_DOMAIN}" for n in range(mailboxes)]
        self._boxes = [folder / "mail" / f"agent{n}" / "new" for n in range(mailboxes)]

    def delivered(self) -> int:
        """Files in all maildirs now."""
        return sum(len(os.listdir(box)) for box in self._boxes if box.exists())  # noqa: PTH208 the names alone, fast

    def queued(self) -> int:
        """Mails in the queue, those on hold included."""
        names = ("incoming", "active", "deferred", "hold")
        return sum(len(files) for name in names for _, _, files in os.walk(self.folder / "queue" / name))

    def release(self) -> None:
        """Let go what came to `hold_port`, now and not at the next look at the queue."""
        subprocess.run(["postsuper", "-c", str(self.folder / "config"), "-H", "ALL"], capture_output=True, check=True)
        self.command("flush")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["postfix", "-c", str(self.folder / "config"), *arguments], capture_output=True, text=True, check=False
        )

    def write_configuration(self) -> None:
        self.folder.mkdir(mode=0o755)
        config = self.folder / "config"
        for name in ("config", "queue", "state", "mail"):
            (self.folder / name).mkdir(mode=0o755)
        owner = pwd.getpwnam("postfix")
        box_owner = pwd.getpwnam("nobody")
        os.chown(self.folder / "state", owner.pw_uid, owner.pw_gid)
        os.chown(self.folder / "mail", box_owner.pw_uid, box_owner.pw_gid)
        main = _MAIN.format(
            folder=self.folder, owner="postfix", domain=_DOMAIN, uid=box_owner.pw_uid, gid=box_owner.pw_gid
        )
        relay = _RELAY.format(relay_port=self._relay_port) if self._relay_port else ""
        (config / "main.cf").write_text(main + relay)
        (config / "master.cf").write_text(_MASTER.format(port=self.port, hold_port=self.hold_port))
        boxes = "".join(f"{one} {one.partition('@')[0]}/\n" for one in self.recipients)
        (config / "mailboxes").write_text(boxes)


def installed() -> str | None:
    """Install Postfix from apt if it is missing and we may. None when it is there, else why it is not."""
    if shutil.which("postfix"):
        return None if os.geteuid() == 0 else "Postfix can be started by root alone"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "Postfix is not installed (as root, on a system with apt-get, the bench installs it)"
    # "No configuration": the package then starts no service of its own.
    choice = "postfix postfix/main_mailer_type select No configuration\n"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if shutil.which("debconf-set-selections"):
        subprocess.run(["debconf-set-selections"], input=choice, text=True, check=False)
    install = ["apt-get", "install", "-y", "--no-install-recommends", "postfix"]
    done = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not shutil.which("postfix"):
        return f"apt-get could not install Postfix: {(done.stderr or done.stdout).strip().splitlines()[-1:]}"
    return None


@contextlib.contextmanager
def running(folder: Path, *, mailboxes: int, relay_port: int | None = None) -> Generator[Postfix]:
    """Start an instance below `folder` (which every user must be able to enter); stopped at the end. Mail for other
    domains goes to `relay_port`."""
    postfix = Postfix(folder, mailboxes, relay_port)
    postfix.write_configuration()
    try:
        started = postfix.command("start")
        if started.returncode:
            raise RuntimeError(f"Postfix did not start: {started.stdout}{started.stderr}")
        wait_for_port(postfix.port, 15)
        yield postfix
    finally:
        postfix.command("abort")


@contextlib.contextmanager
def sink() -> Generator[int]:
    """Postfix's `smtp-sink`, which takes every mail and keeps none. Its port."""
    port = free_port()
    process = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"], start_new_session=True)
    try:
        wait_for_port(port, 10)
        yield port
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for_port(port: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
