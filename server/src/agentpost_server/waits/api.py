"""The REST door of waits."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from agentpost_server.accounts import Caller, needs
from agentpost_server.accounts.authenticate import Authenticator
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.runtime import Runtime
from agentpost_server.waits import service
from agentpost_server.waits.look import ARMED
from agentpost_server.waits.model import ArmWait, Wait
from agentpost_server.waits.parking import ENDED, Parking
from agentpost_server.waits.poll import poll
from agentpost_server.web.body import StrictBody
from agentpost_server.web.idempotency import Effect

_SCOPE = "messages:read"
Timeout = Annotated[
    float, QueryParameter(ge=0, le=55, description="Seconds to wait for its end; 0 answers at once, as it is.")
]


@post("/inboxes/{inbox_id:str}/waits", opt=needs(_SCOPE), dto=StrictBody[ArmWait], tags=["waits"], summary="Arm a wait")
async def create_wait(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    effect: NamedDependency[Effect],
    inbox_id: FromPath[str],
    data: JSONBody[ArmWait],
) -> Response[Wait]:
    """Arm it before you cause the mail: whatever is received from then on may match, whether or not anybody polls."""
    moment = runtime.now()
    answer = await effect(lambda tx: service.arm(tx, tenant, ids.decode("inb", inbox_id), data, moment), status=201)
    runtime.bus.publish(ARMED)
    return answer


@get("/waits/{wait_id:str}", opt=needs(_SCOPE), tags=["waits"], summary="Wait for a message")
async def get_wait(
    request: Request[Any, Any, Any],
    runtime: NamedDependency[Runtime],
    caller: NamedDependency[Caller],
    tenant: NamedDependency[Scope],
    wait_id: FromPath[str],
    timeout: Timeout = 0,  # noqa: ASYNC109 the client's own
) -> Wait:
    """Answers at once when the wait has ended, else when it ends, else after `timeout` seconds with status `armed`:
    then ask again. Any process answers, and nothing is lost between two requests."""
    parking: Parking = request.app.state.parking
    wait = await poll(runtime, parking, tenant, ids.decode("wai", wait_id), request, timeout)
    if timeout > 1:
        # What a key may see is asked again: it may have been revoked since the request began.
        authenticator: Authenticator = request.app.state.authenticator
        again = await authenticator.caller_of_hash(caller.organization_id, caller.secret_hash)
        again.demand(_SCOPE)
        if again.enter(request.headers.get("agentpost-environment")) != tenant:
            raise NotFound
    return wait


@delete("/waits/{wait_id:str}", opt=needs(_SCOPE), tags=["waits"], summary="Cancel a wait", status_code=204)
async def delete_wait(
    request: Request[Any, Any, Any],
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    wait_id: FromPath[str],
) -> None:
    """Whoever polls it is answered with status `cancelled`. A wait that has ended stays as it ended."""
    found = ids.decode("wai", wait_id)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await service.cancel(tx, tenant, found)
    parking: Parking = request.app.state.parking
    parking.ring([found])
    runtime.bus.publish(ENDED)


ROUTES = [create_wait, get_wait, delete_wait]
