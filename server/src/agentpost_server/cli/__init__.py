"""The command `agentpost-server`. Each command's module is imported when it is asked for: `--version` must not wait for
a web framework.
"""

from agentpost_server.cli.main import main

__all__ = ["main"]
