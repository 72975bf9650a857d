"""The REST door of a thread's context."""

from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from agentpost_server.accounts import needs
from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.messages.context.model import Context
from agentpost_server.messages.context.read import Wanted, read_context
from agentpost_server.runtime import Runtime

MaxTokens = Annotated[
    int, QueryParameter(ge=200, le=200_000, description="The whole `content` never costs more, fences included.")
]
Offset = Annotated[str | None, QueryParameter(description="`next_offset` of the answer before.")]
FormatName = Annotated[
    Literal["markdown", "json"], QueryParameter(name="format", description="How `content` is written.")
]
WithHidden = Annotated[bool, QueryParameter(description="Hidden text too, in spans of its own.")]


@get(
    "/threads/{thread_id:str}/context", opt=needs("threads:read"), tags=["threads"], summary="Read a thread for a model"
)
async def get_thread_context(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[Scope],
    thread_id: FromPath[str],
    max_tokens: MaxTokens = 8000,
    offset: Offset = None,
    form: FormatName = "markdown",
    hidden: WithHidden = False,
) -> Context:
    """The newest messages that fit into `max_tokens`, in the order they were written, each fenced off with the answer's
    `nonce`. Quotes of earlier messages are left out; `omitted` tells what is missing, `next_offset` leads on to it."""
    wanted = Wanted(max_tokens=max_tokens, offset=offset, form=form, hidden=hidden)
    return await read_context(runtime, tenant, ids.decode("thr", thread_id), wanted)


ROUTES = [get_thread_context]
