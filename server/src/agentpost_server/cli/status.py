"""`status`: whether `up` runs on this data, and where. Exit code 1 when it does not, or is not ready."""

import argparse
import urllib.error
import urllib.request

import msgspec

from agentpost_server import __version__, settings
from agentpost_server.cli.data_folder import DataFolder, data_path
from agentpost_server.cli.output import complain, say


def run(options: argparse.Namespace) -> int:
    folder = DataFolder(data_path(options.data or settings.load().data_dir))
    status = folder.status()
    if status is None:
        if options.json:
            nothing = dict.fromkeys(("api_url", "console_url", "smtp_host", "smtp_port", "pid"))
            say(msgspec.json.encode({**nothing, "version": __version__, "ready": False}).decode())
        else:
            complain(f"AgentPost does not run on {folder.path}. Start it with: agentpost-server up")
        return 1
    ready = _is_ready(status.api_url.removesuffix("/api/v1"))
    if options.json:
        shown = msgspec.structs.asdict(status)
        del shown["database_socket"]
        say(msgspec.json.encode({**shown, "ready": ready}).decode())
    else:
        say(f"AgentPost {status.version} runs as process {status.pid} and is {'ready' if ready else 'not ready'}.")
        say(f"API {status.api_url}  console {status.console_url}  SMTP {status.smtp_host}:{status.smtp_port}")
    return 0 if ready else 1


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
