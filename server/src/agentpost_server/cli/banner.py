"""What `up` prints: where everything is, and the keys once."""

from agentpost_server.cli import sockets
from agentpost_server.cli.data_folder import DataFolder, Keys, Status
from agentpost_server.settings import Settings


def ready(status: Status, folder: DataFolder, keys: Keys | None, settings: Settings, seconds: float) -> str:
    lines = [f"AgentPost {status.version} is ready ({seconds:.1f} s).", "", *_addresses(status, folder), ""]
    lines += _new_keys(keys, folder) if keys else _known_keys(folder)
    lines += ["", "  Mail to other servers stays here until an environment has a transport other than local."]
    if sockets.is_loopback(settings.host):
        lines.append(
            "  Webhooks and attachment URLs may reach this machine"
            f" (AGENTPOST_EGRESS_ALLOW={settings.egress_allow}), as only this machine can reach the server."
        )
    return "\n".join([*lines, "  Stop with Ctrl-C.", ""])


def running_already(status: Status, folder: DataFolder) -> str:
    lines = [f"AgentPost {status.version} runs already on this data (process {status.pid}).", ""]
    return "\n".join([*lines, *_addresses(status, folder), "", *_known_keys(folder), ""])


def _addresses(status: Status, folder: DataFolder) -> list[str]:
    return [
        f"  API       {status.api_url}",
        f"  Docs      {status.docs_url}",
        f"  Console   {status.console_url}",
        f"  SMTP      {status.smtp_host}:{status.smtp_port}",
        f"  Data      {folder.path}",
    ]


def _new_keys(keys: Keys, folder: DataFolder) -> list[str]:
    return [
        f"  Live key  {keys.live_key}",
        f"  Test key  {keys.test_key}",
        "",
        "  The live key is for the environment `default`, the test key for `sandbox`.",
        f"  They are shown this once and saved in {folder.keys_file}, which only you can read.",
    ]


def _known_keys(folder: DataFolder) -> list[str]:
    if folder.keys() is not None:
        return [f"  Keys      in {folder.keys_file}"]
    return ["  Keys      none are saved here; make one with: agentpost-server keys create"]
