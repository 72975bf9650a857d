"""The command `agentpost`: every call of the API from a shell, and what a person at a terminal needs besides.

It speaks only HTTP. Tables for people; JSON when its output is piped or `--json` is given, as the API says it.
"""

import sys


def main() -> None:
    """The entry point. Click is an extra: without it, say how to get it."""
    try:
        from agentpost._cli.main import run
    except ImportError as missing:
        if missing.name not in {"click", "rich"}:
            raise
        sys.exit("The command needs an extra: pip install 'agentpost[cli]'")
    sys.exit(run(sys.argv[1:]))
