"""The REST door of one-time codes and links."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from agentpost_server.accounts import needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.messages.codes import Codes, read_codes
from agentpost_server.runtime import Runtime


@get(
    "/messages/{message_id:str}/codes",
    opt=needs("messages:read"),
    tags=["messages"],
    summary="Get one-time codes and links",
)
async def get_message_codes(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[Scope], message_id: FromPath[str]
) -> Codes:
    """Codes to type, and links that sign in, verify or reset; surest first. Quoted history is not looked at."""
    return await read_codes(runtime, tenant, ids.decode("msg", message_id))


ROUTES = [get_message_codes]
