"""Whom the database server runs as. PostgreSQL refuses root, so root lends it an account that exists already.

No account is made and no mode of a folder above ours is changed: what the account cannot reach is either passed to
it as its working directory (see `cluster`) or copied to where it can (see `binaries`).
"""

import os
import pwd
import stat
from pathlib import Path
from typing import NamedTuple

_LENT_BY_ROOT = ("postgres", "nobody")


class PostgresStartError(Exception):
    """The database cannot be started. The text is a sentence for the person who typed the command, with the fix."""


class Account(NamedTuple):
    """A user of the system to drop to; it keeps no supplementary groups."""

    name: str
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """The account that the server of this data folder must run as; None means as we do.

    As root: the owner of an existing data folder, else `postgres`, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        found = data.stat()
    except FileNotFoundError:
        return _lent_account()
    if found.st_uid == 0:
        raise PostgresStartError(
            f"{data} belongs to root, and PostgreSQL does not run as root. "
            f"Give it to the account that shall run the database, for example: chown -R {_lent_account().name} '{data}'"
        )
    try:
        return _account(pwd.getpwuid(found.st_uid))
    except KeyError:
        return Account(str(found.st_uid), found.st_uid, found.st_gid)


def reachable(folder: Path, account: Account | None) -> bool:
    """Whether the account may enter `folder` by its absolute path. Access lists beyond the mode bits are not read."""
    if account is None:
        return os.access(folder, os.X_OK)
    resolved = folder.resolve()
    return all(_may_enter(step.stat(), account) for step in (resolved, *resolved.parents))


def _may_enter(found: os.stat_result, account: Account) -> bool:
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _lent_account() -> Account:
    for name in _LENT_BY_ROOT:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise PostgresStartError(
        "PostgreSQL does not run as root, and this system has neither a `postgres` nor a `nobody` account to lend it. "
        "Start AgentPost as an ordinary user, or make an account named postgres."
    )


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
