"""What commands say: results on standard output, complaints on standard error, failures as one sentence."""

import sys


class CommandFailed(Exception):
    """It could not be done; the message is a sentence that says why and what to do."""


def say(text: str = "") -> None:
    # A reader that went away (`… | head`) must not stop a server.
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        return


def complain(text: str) -> None:
    sys.stderr.write(f"agentpost-server: {text}\n")
