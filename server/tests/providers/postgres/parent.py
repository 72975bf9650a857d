"""A small process that starts a database and waits: what the tests kill. Prints one JSON line when it is ready.

parent.py FOLDER [fork] [uvloop] [ignore-sigint] [UID]
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import uvloop

from agentpost_server.providers.postgres import EmbeddedPostgres, PostgresStartError


async def main(folder: Path, words: list[str]) -> None:
    try:
        server = await EmbeddedPostgres.start(folder, password="secret")
    except PostgresStartError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    if "fork" in words and os.fork() == 0:
        signal.sigtimedwait((), 60)
        os._exit(0)
    if "ignore-sigint" in words:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert server._run is not None
    keeper = server._run.pid
    print(json.dumps({"dsn": server.dsn, "pid": server.pid, "keeper": keeper, "uid": os.getuid()}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop()
    print(json.dumps({"stopped": True}), flush=True)


if __name__ == "__main__":
    for word in sys.argv[2:]:
        if word.isdigit():
            os.setgroups([])
            os.setgid(int(word))
            os.setuid(int(word))
            # The tests' interpreter may lie where only root can read it.
            if not os.access(sys.executable, os.X_OK):
                sys.executable = "/usr/bin/python3"
    run = uvloop.run if "uvloop" in sys.argv else asyncio.run
    run(main(Path(sys.argv[1]), sys.argv[2:]))
