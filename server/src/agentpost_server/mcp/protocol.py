"""The protocol's handlers: tools from the catalogue, mail as resources, prompts. Nothing is kept between calls."""

import re
from typing import Any, Final

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from agentpost import errors
from agentpost.tools import Tool, ToolFailed, arun
from agentpost.tools.fence import fenced
from agentpost_server import __version__
from agentpost_server.mcp import prompts
from agentpost_server.mcp.visit import visit_of
from agentpost_server.mcp.words import INSTRUCTIONS

_RESOURCE: Final = re.compile(r"agentpost://(inboxes|threads|messages)/([A-Za-z]{3}_[0-9A-HJKMNP-TV-Z]{26})(\.eml)?\Z")
_MOST_RESOURCE: Final = 200_000


def make_server() -> Server[Any]:
    return Server(
        "agentpost",
        title="AgentPost",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read_resource,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
    )


async def _list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[_shown(one) for one in visit_of(ctx).tools])


def _shown(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent or tool.reads,
            open_world_hint=True,
        ),
    )


async def _call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    visit = visit_of(ctx)
    if params.name not in {one.name for one in visit.tools}:
        names = ", ".join(one.name for one in visit.tools)
        raise MCPError(types.INVALID_PARAMS, f"This key has no tool of that name. It has: {names}.")
    try:
        result = await arun(visit.client, params.name, params.arguments or {})
    except ToolFailed as failed:
        return types.CallToolResult(content=[types.TextContent(type="text", text=str(failed))], is_error=True)
    text = types.TextContent(type="text", text=result.text)
    return types.CallToolResult(content=[text], structured_content=result.data)


async def _list_resources(ctx: Any, params: Any) -> types.ListResourcesResult:
    """The inboxes. Their names are addresses: no word of a mail stands in a list."""
    try:
        page = await visit_of(ctx).client.inboxes.list(limit=100, page_token=params.cursor if params else None)
    except errors.APIError as failure:
        raise MCPError(types.INVALID_PARAMS, failure.detail) from failure
    found = [
        types.Resource(uri=f"agentpost://inboxes/{one.id}", name=one.email, mime_type="application/json")
        for one in page.data
    ]
    return types.ListResourcesResult(resources=found, next_cursor=page.next_page_token)


async def _list_templates(ctx: Any, params: Any) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(
        resource_templates=[
            _template("agentpost://threads/{thread_id}", "A conversation for a model", "text/markdown"),
            _template("agentpost://messages/{message_id}.eml", "A mail as it came", "text/plain"),
        ]
    )


def _template(uri: str, name: str, mime_type: str) -> types.ResourceTemplate:
    return types.ResourceTemplate(uri_template=uri, name=name, mime_type=mime_type)


async def _read_resource(ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    client = visit_of(ctx).client
    uri = str(params.uri)
    named = _RESOURCE.match(uri)
    if named is None or (named[3] is not None) != (named[1] == "messages"):
        raise MCPError(types.INVALID_PARAMS, "There is no such resource.")
    try:
        if named[1] == "inboxes":
            text, mime_type = (await client.inboxes.get(named[2])).to_json(), "application/json"
        elif named[1] == "threads":
            context = await client.threads.get_context(named[2], max_tokens=8000, format="markdown")
            text, mime_type = context.content, "text/markdown"
        else:
            raw = (await client.messages.get_raw(named[2])).decode("utf-8", "replace")
            text, mime_type = fenced("MAIL", raw[:_MOST_RESOURCE] + _left_out(raw)), "text/plain"
    except errors.APIError as failure:
        raise MCPError(types.INVALID_PARAMS, "There is no such resource.") from failure
    contents = types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return types.ReadResourceResult(contents=[contents])


def _left_out(raw: str) -> str:
    return f"\n[{len(raw) - _MOST_RESOURCE} characters left out]" if len(raw) > _MOST_RESOURCE else ""


async def _list_prompts(ctx: Any, params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=prompts.ALL)


async def _get_prompt(ctx: Any, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    try:
        text = prompts.text_of(params.name, params.arguments or {})
    except ValueError as wrong:
        raise MCPError(types.INVALID_PARAMS, str(wrong)) from wrong
    content = types.TextContent(type="text", text=text)
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])
