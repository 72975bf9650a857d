"""`organizations` and `keys`: what an operator makes at the machine."""

import argparse
from uuid import UUID

from agentpost_server import settings
from agentpost_server.accounts import organizations
from agentpost_server.cli import logs
from agentpost_server.cli.database import open_database
from agentpost_server.cli.first_run import make_organization
from agentpost_server.cli.output import CommandFailed, complain, say
from agentpost_server.core import ids
from agentpost_server.db import Database


async def create_organization(options: argparse.Namespace) -> int:
    chosen = settings.load()
    logs.set_up(chosen.log_level, chosen.log_format)
    name = options.name.strip()
    if not 1 <= len(name) <= 200:
        raise CommandFailed("An organization's name has 1 to 200 characters.")
    async with open_database(chosen, options.data) as database:
        made = await make_organization(database, chosen, name)
    say(f"Organization  {ids.encode('org', made.organization_id)}")
    say(f"Live key      {made.live_key}")
    say(f"Test key      {made.test_key}")
    complain("these keys are shown this once.")
    return 0


async def list_organizations(options: argparse.Namespace) -> int:
    chosen = settings.load()
    logs.set_up(chosen.log_level, chosen.log_format)
    async with open_database(chosen, options.data) as database:
        for organization_id, name in await organizations.list_organizations(database):
            say(f"{ids.encode('org', organization_id)}  {name}")
    return 0


async def create_key(options: argparse.Namespace) -> int:
    """Prints the key alone on standard output, for `KEY=$(agentpost-server keys create)`."""
    chosen = settings.load()
    logs.set_up(chosen.log_level, chosen.log_format)
    async with open_database(chosen, options.data) as database:
        organization_id = await _chosen(database, options.organization)
        say(await organizations.create_key(database, organization_id, options.environment, options.name))
    return 0


async def _chosen(database: Database, wanted: str | None) -> UUID:
    known = [one for one, _name in await organizations.list_organizations(database)]
    if wanted is None and len(known) == 1:
        return known[0]
    named = ids.decode_or_none("org", wanted) if wanted else None
    if named is not None and named in known:
        return named
    listed = ", ".join(ids.encode("org", one) for one in known) or "none; make one with `organizations create`"
    raise CommandFailed(f"Name the organization by --organization. There are: {listed}.")
