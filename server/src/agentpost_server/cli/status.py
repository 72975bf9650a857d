"""`status`: whether `up` runs on this data, where, and by what mail leaves. Exit code 1 when it does not, or is not
ready. `doctor` looks at everything.
"""

import argparse
import asyncio
import contextlib
import urllib.error
import urllib.request

import msgspec

from agentpost_server import __version__, settings
from agentpost_server.cli import logs
from agentpost_server.cli.data_folder import DataFolder, data_path
from agentpost_server.cli.database import open_database
from agentpost_server.cli.output import CommandFailed, complain, say
from agentpost_server.domains import count_by_status
from agentpost_server.settings import Settings


async def run(options: argparse.Namespace) -> int:
    chosen = settings.load()
    logs.set_up("error", chosen.log_format)
    folder = DataFolder(data_path(options.data or chosen.data_dir))
    status = folder.status()
    if status is None:
        if options.json:
            nothing = dict.fromkeys(("api_url", "console_url", "smtp_host", "smtp_port", "pid", "domains_failed"))
            say(msgspec.json.encode({**nothing, "version": __version__, "transports": (), "ready": False}).decode())
        else:
            complain(f"AgentPost does not run on {folder.path}. Start it with: agentpost-server up")
        return 1
    ready = await asyncio.to_thread(_is_ready, status.api_url.removesuffix("/api/v1"))
    failed = await _failed_domains(chosen, options.data)
    if options.json:
        shown = msgspec.structs.asdict(status)
        del shown["database_socket"]
        say(msgspec.json.encode({**shown, "domains_failed": failed, "ready": ready}).decode())
    else:
        say(f"AgentPost {status.version} runs as process {status.pid} and is {'ready' if ready else 'not ready'}.")
        say(f"API {status.api_url}  console {status.console_url}  SMTP {status.smtp_host}:{status.smtp_port}")
        say(f"Mail can leave by {', '.join(status.transports)}.")
        if failed:
            say(f"Domains whose records are wrong or gone: {failed}. See them with: agentpost-server doctor")
    return 0 if ready else 1


async def _failed_domains(chosen: Settings, data: str | None) -> int | None:
    """None when the database does not tell."""
    with contextlib.suppress(CommandFailed):
        async with open_database(chosen, data) as database:
            return (await count_by_status(database)).get("failed", 0)
    return None


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
