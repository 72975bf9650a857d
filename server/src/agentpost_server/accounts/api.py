"""The REST door of accounts: who am I, keys, environments."""

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from agentpost_server.accounts import api_keys, environments, store
from agentpost_server.accounts.authenticate import Caller
from agentpost_server.accounts.model import (
    ApiKey,
    CreateApiKey,
    CreateEnvironment,
    Environment,
    Me,
    RotateApiKey,
    UpdateApiKey,
    UpdateEnvironment,
    api_key_of,
    environment_of,
)
from agentpost_server.accounts.scopes import ANY, needs
from agentpost_server.core import ids
from agentpost_server.core.errors import BadRequest, NotFound
from agentpost_server.runtime import Runtime
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect
from agentpost_server.web.lists import ListQuery
from agentpost_server.web.paging import Page


@get("/auth/me", opt=needs(ANY), tags=["keys"], summary="Who is calling")
async def get_me(caller: NamedDependency[Caller]) -> Me:
    """The key that made this request, its organization, scopes and implied environment."""
    try:
        environment_id = ids.encode("env", caller.enter(None).environment_id)
    except (BadRequest, NotFound):
        environment_id = None
    return Me(
        type="key",
        organization_id=ids.encode("org", caller.organization_id),
        key=caller.key,
        environment_id=environment_id,
        scopes=sorted(caller.scopes),
    )


@get("/api-keys", opt=needs("api_keys:read"), tags=["keys"], summary="List API keys")
async def list_api_keys(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], listing: NamedDependency[ListQuery]
) -> Page[ApiKey]:
    """Newest first, revoked and expired ones included. Secrets are never shown again."""
    page = listing.open("api_keys", caller.organization_id)
    async with runtime.database.transaction(caller.organization_id) as tx:
        rows = await store.list_keys(tx, caller.organization_id, page.uuid(), page.ascending, page.limit + 1)
    return page.of(rows, lambda row: [row["id"].bytes], api_key_of)


@post(
    "/api-keys", opt=needs("api_keys:write"), dto=StrictBody[CreateApiKey], tags=["keys"], summary="Create an API key"
)
async def create_api_key(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateApiKey],
) -> Response[ApiKey]:
    """The secret stands in `key`, this once. A key cannot make one that may do more than itself."""
    return await effect(lambda tx: api_keys.create(tx, caller, data, runtime.now()), status=201)


@get("/api-keys/{key_id:str}", opt=needs("api_keys:read"), tags=["keys"], summary="Get an API key")
async def get_api_key(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], key_id: FromPath[str]
) -> ApiKey:
    async with runtime.database.transaction(caller.organization_id) as tx:
        row = await store.find_key(tx, caller.organization_id, ids.decode("key", key_id))
    if row is None:
        raise NotFound
    return api_key_of(row)


@patch(
    "/api-keys/{key_id:str}",
    opt=needs("api_keys:write"),
    dto=StrictBody[UpdateApiKey],
    tags=["keys"],
    summary="Rename an API key",
)
async def update_api_key(
    caller: NamedDependency[Caller],
    effect: NamedDependency[Effect],
    key_id: FromPath[str],
    data: JSONBody[UpdateApiKey],
) -> Response[ApiKey]:
    return await effect(lambda tx: api_keys.rename(tx, caller, ids.decode("key", key_id), data))


@post(
    "/api-keys/{key_id:str}/rotate",
    opt=needs("api_keys:write"),
    dto=StrictBody[RotateApiKey],
    tags=["keys"],
    summary="Rotate an API key",
)
async def rotate_api_key(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    effect: NamedDependency[Effect],
    key_id: FromPath[str],
    data: JSONBody[RotateApiKey],
) -> Response[ApiKey]:
    """A new key with the same reach. The old one ends at once, or after `overlap_seconds`."""
    return await effect(
        lambda tx: api_keys.rotate(tx, caller, ids.decode("key", key_id), data, runtime.now()), status=201
    )


@delete(
    "/api-keys/{key_id:str}", opt=needs("api_keys:write"), tags=["keys"], summary="Revoke an API key", status_code=204
)
async def delete_api_key(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], key_id: FromPath[str]
) -> None:
    """Ends the key within a second on every process. The row stays listed."""
    async with runtime.database.transaction(caller.organization_id) as tx:
        await api_keys.revoke(tx, caller, ids.decode("key", key_id), runtime.now())


@get("/environments", opt=needs("environments:read"), tags=["environments"], summary="List environments")
async def list_environments(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], listing: NamedDependency[ListQuery]
) -> Page[Environment]:
    page = listing.open("environments", caller.organization_id)
    only = [ids.decode("env", one) for one in caller.key.environment_ids]
    async with runtime.database.transaction(caller.organization_id) as tx:
        rows = await store.list_environments(
            tx, caller.organization_id, caller.kind, only, page.uuid(), page.ascending, page.limit + 1
        )
    return page.of(rows, lambda row: [row["id"].bytes], environment_of)


@post(
    "/environments",
    opt=needs("environments:write"),
    dto=StrictBody[CreateEnvironment],
    tags=["environments"],
    summary="Create an environment",
)
async def create_environment(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    effect: NamedDependency[Effect],
    data: JSONBody[CreateEnvironment],
) -> Response[Environment]:
    """Its `transport` is one that this server has."""
    return await effect(lambda tx: environments.create(tx, caller, data, runtime.transports), status=201)


@get(
    "/environments/{environment_id:str}",
    opt=needs("environments:read"),
    tags=["environments"],
    summary="Get an environment",
)
async def get_environment(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], environment_id: FromPath[str]
) -> Environment:
    async with runtime.database.transaction(caller.organization_id) as tx:
        return environment_of(await environments.find(tx, caller, ids.decode("env", environment_id)))


@patch(
    "/environments/{environment_id:str}",
    opt=needs("environments:write"),
    dto=StrictBody[UpdateEnvironment],
    tags=["environments"],
    summary="Change an environment",
)
async def update_environment(
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    effect: NamedDependency[Effect],
    environment_id: FromPath[str],
    data: JSONBody[UpdateEnvironment],
) -> Response[Environment]:
    """Mail that was submitted before goes by the transports that were chosen then."""
    return await effect(
        lambda tx: environments.update(tx, caller, ids.decode("env", environment_id), data, runtime.transports)
    )


@delete(
    "/environments/{environment_id:str}",
    opt=needs("environments:write"),
    tags=["environments"],
    summary="Delete an empty environment",
    status_code=204,
)
async def delete_environment(
    runtime: NamedDependency[Runtime], caller: NamedDependency[Caller], environment_id: FromPath[str]
) -> None:
    async with runtime.database.transaction(caller.organization_id) as tx:
        await environments.delete(tx, caller, ids.decode("env", environment_id))


ROUTES = [
    get_me,
    list_api_keys,
    create_api_key,
    get_api_key,
    update_api_key,
    rotate_api_key,
    delete_api_key,
    list_environments,
    create_environment,
    get_environment,
    update_environment,
    delete_environment,
]
