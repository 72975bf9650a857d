"""What a new server needs before anyone can use it: an organization with its environments, keys, a postmaster."""

from agentpost_server import inboxes
from agentpost_server.accounts.organizations import NewOrganization, create_organization, list_organizations
from agentpost_server.cli.data_folder import DataFolder, Keys
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Database
from agentpost_server.settings import Settings


async def ensure_organization(database: Database, settings: Settings, folder: DataFolder) -> Keys | None:
    """Make the first organization when there is none, and save its keys. None when there was one."""
    if await list_organizations(database):
        return None
    made = await make_organization(database, settings, "Default")
    keys = Keys(organization_id=ids.encode("org", made.organization_id), live_key=made.live_key, test_key=made.test_key)
    folder.write_keys(keys)
    return keys


async def make_organization(database: Database, settings: Settings, name: str) -> NewOrganization:
    """An organization; the first one also gets the postmaster's inbox, which every mail server must have."""
    made = await create_organization(database, name)
    address = settings.postmaster_inbox or f"postmaster@{settings.shared_domain}"
    if address.rpartition("@")[2] == settings.shared_domain:
        async with database.transaction(made.organization_id) as tx:
            await inboxes.create_exact(tx, Scope(made.organization_id, made.live_environment_id), address, "Postmaster")
    return made
