"""CPU of accepting, ingesting and publishing a mail: this process's and PostgreSQL's, batches of 50, no network.

Run: python -m bench.ingest_profile [--mails 2000] [--octets 5000] [--profile]
Starts an embedded PostgreSQL (fsync on) with 20 tenants; takes about 10 s. `--profile` prints where ingest spends it.
"""

import argparse
import asyncio
import cProfile
import pstats
import resource
import tempfile
import time
from pathlib import Path

import psutil
import structlog
import uvloop

from agentpost_server import inboxes
from agentpost_server.accounts.organizations import create_organization
from agentpost_server.core import ids
from agentpost_server.core.scope import SYSTEM, Scope
from agentpost_server.core.secrets import Keyring
from agentpost_server.db.migrate import migrate
from agentpost_server.events.publish import Publisher
from agentpost_server.inbound import Route, accept, mail_of_bytes
from agentpost_server.inbound.ingest import Ingest
from agentpost_server.inboxes.model import CreateInbox
from agentpost_server.opening import close_runtime, open_runtime
from agentpost_server.providers.postgres import EmbeddedPostgres
from agentpost_server.runtime import Runtime
from agentpost_server.settings import load
from agentpost_server.work import Claimed
from bench.mails import mail_maker

_TENANTS = 20
_BATCH = 50
_KEYRING = Keyring((b"the bench's own secret, 32 bytes long",))


class Meter:
    """CPU and wall clock of a stretch of work on `mails` mails."""

    def __init__(self, postgres: list[psutil.Process]) -> None:
        self._postgres = postgres
        self._begin = self._now()

    def _now(self) -> tuple[float, float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        times = [one.cpu_times() for one in self._postgres if one.is_running()]
        return used.ru_utime + used.ru_stime, sum(one.user + one.system for one in times), time.perf_counter()

    def say(self, name: str, mails: int) -> None:
        own, theirs, wall = (b - a for a, b in zip(self._begin, self._now(), strict=True))
        print(
            f"{name:8} {own / mails * 1000:6.3f} ms Python CPU  {theirs / mails * 1000:6.3f} ms PostgreSQL CPU"
            f"  {mails / wall:7.0f} mails/s"
        )


async def _routes(runtime: Runtime) -> list[Route]:
    routes: list[Route] = []
    for number in range(_TENANTS):
        made = await create_organization(runtime.database, f"Tenant {number}")
        scope = Scope(made.organization_id, made.live_environment_id)
        async with runtime.database.transaction(made.organization_id) as tx:
            domain = runtime.settings.shared_domain
            made_inbox = (await inboxes.create(tx, scope, SYSTEM, CreateInbox(), shared_domain=domain)).value
        routes.append(
            Route(
                organization_id=made.organization_id,
                environment_id=made.live_environment_id,
                inbox_id=ids.decode("inb", made_inbox.id),
                address=made_inbox.email,
            )
        )
    return routes


async def _measure(runtime: Runtime, mails: int, octets: int, *, profile: bool) -> None:
    make, routes = mail_maker(octets), await _routes(runtime)
    later = runtime.now().replace(year=2100)
    fields = {"mail_from": "ann@client.test", "source": "smtp", "received_at": runtime.now(), "due_at": later}
    raws = [make().removesuffix(b".\r\n") for _ in range(mails)]
    news = [mail_of_bytes(raw, routes=(routes[n % _TENANTS],), **fields) for n, raw in enumerate(raws)]
    meter = Meter(_postgres_of_this_run())
    claims: list[Claimed] = []
    for begin in range(0, mails, _BATCH):
        kept = await asyncio.gather(*(accept(runtime, one) for one in news[begin : begin + _BATCH]))
        claims += [Claimed(one.seen[0].organization_id, one.inbound_ids[0], 0) for one in kept]
    meter.say("accept", mails)
    ingest = Ingest(runtime)
    profiler = cProfile.Profile()
    await ingest.handle(claims[:_BATCH])
    meter = Meter(_postgres_of_this_run())
    if profile:
        profiler.enable()
    for begin in range(_BATCH, mails, _BATCH):
        await ingest.handle(claims[begin : begin + _BATCH])
    profiler.disable()
    meter.say("ingest", mails - _BATCH)
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    publisher = Publisher(runtime.database, runtime.bus)
    meter = Meter(_postgres_of_this_run())
    while await publisher.publish():
        pass
    meter.say("publish", mails)
    await ingest.close(1)


def _postgres_of_this_run() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if "postgres" in one.name()]


async def _main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        postgres = await EmbeddedPostgres.start(data / "postgres", password="bench")
        try:
            await migrate(postgres.dsn, _KEYRING.password)
            runtime = await open_runtime(
                load({}), keyring=_KEYRING, dsn=postgres.dsn, data_dir=data, public_url="http://127.0.0.1"
            )
            await _measure(runtime, arguments.mails, arguments.octets, profile=arguments.profile)
            await close_runtime(runtime)
        finally:
            await postgres.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--octets", type=int, default=5000)
    parser.add_argument("--profile", action="store_true")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    uvloop.run(_main(parser.parse_args()))
