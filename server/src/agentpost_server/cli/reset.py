"""`reset`: delete a data folder, only when it is one of ours and nobody uses it."""

import argparse
import shutil

from agentpost_server import settings
from agentpost_server.cli.data_folder import DataFolder, data_path
from agentpost_server.cli.output import CommandFailed, say

_OURS = ("up.lock", "secret_key", "keys.json", "status.json", "postgres", "blobs", "spool")


def run(options: argparse.Namespace) -> int:
    folder = DataFolder(data_path(options.data or settings.load().data_dir))
    if not (folder.path / "up.lock").is_file():
        raise CommandFailed(f"{folder.path} is not a data folder of AgentPost; nothing was deleted.")
    if not options.yes:
        raise CommandFailed(f"This would delete all mail and keys in {folder.path}. To do it: reset --yes")
    if not folder.claim():
        raise CommandFailed(f"AgentPost runs on {folder.path}. Stop it first.")
    try:
        for name in _OURS[1:]:
            _remove(folder, name)
    finally:
        folder.release()
    _remove(folder, "up.lock")
    say(f"Deleted what AgentPost kept in {folder.path}.")
    return 0


def _remove(folder: DataFolder, name: str) -> None:
    path = folder.path / name
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CommandFailed(f"{path} could not be deleted: {error.strerror}.") from error
