"""`python -m agentpost_server.cli`: how the supervisor starts its workers, whatever is on the PATH."""

import sys

from agentpost_server.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
