"""Runs one command for a parent and never outlives it. Started as a file by `python -I -S`; imports nothing of ours.

    keeper.py PARENT_PID GRACE_SECONDS UID GID COMMAND…        (UID -1: run it as we are)

The parent holds the other end of our standard input. When that closes, or the parent is gone, the command is told to
stop: SIGINT (PostgreSQL's fast shutdown), after the grace SIGQUIT (immediate), then SIGKILL. If we are killed, the
kernel sends the command SIGINT (Linux). Processes that outlive the command become ours and are ended: a backend that
computes does not notice that its postmaster died, and would keep the next one from starting. Signals of the parent's
terminal do not reach us: we lead a session of our own.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IMMEDIATE_SECONDS = 5.0
_TO_STOP = (signal.SIGINT, signal.SIGQUIT)


def main(arguments: list[str]) -> int:
    """Prints the command's process id on standard output; returns its exit code (128 + signal when it was killed)."""
    parent, grace, uid, gid = int(arguments[0]), float(arguments[1]), int(arguments[2]), int(arguments[3])
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    _process_control(_PR_SET_CHILD_SUBREAPER, 1)
    child = _spawn(arguments[4:], uid, gid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_STOP)
    os.write(1, b"%d\n" % child)
    code = _watch(child, woken, _parent_handles(parent), grace)
    _end_left_over()
    return code


def _parent_handles(parent: int) -> list[int]:
    """Descriptors that become readable when the parent is gone; a pipe alone could be held open by its other forks."""
    handles = [0]
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            handles.append(os.pidfd_open(parent))
    return handles if os.getppid() == parent else []


def _watch(child: int, woken: int, parent_handles: list[int], grace: float) -> int:
    """An empty `parent_handles` means that the parent is gone already."""
    escalation = [(signal.SIGINT, grace), (signal.SIGQUIT, _IMMEDIATE_SECONDS), (signal.SIGKILL, None)]
    deadline: float | None = None if parent_handles else 0.0
    while True:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable = select.select([woken, *parent_handles], [], [], timeout)[0]
        if woken in readable:
            os.read(woken, 512)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if any(handle in readable for handle in parent_handles):
            parent_handles = []
            deadline = 0.0
        if deadline is not None and time.monotonic() >= deadline:
            number, patience = escalation.pop(0)
            os.kill(child, number)
            deadline = None if patience is None else time.monotonic() + patience


def _end_left_over() -> None:
    for number, patience in ((0, 0.5), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
        for pid in _children():
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                ended, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not ended:
                time.sleep(0.01)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:  # noqa: PTH123 - pathlib is not small
            return [int(pid) for pid in listed.read().split()]
    except OSError:
        return []


def _process_control(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _spawn(command: list[str], uid: int, gid: int) -> int:
    keeper = os.getpid()
    # A stop that comes before the command has dropped our dispositions must wait for it, not be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, _TO_STOP)
    child = os.fork()
    if child:
        return child
    try:
        _become(uid, gid, keeper)
        os.execv(command[0], command)  # noqa: S606
    except OSError as error:
        os.write(2, f"{command[0]}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(126)


def _become(uid: int, gid: int, keeper: int) -> None:
    signal.set_wakeup_fd(-1)
    for ours in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(ours, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_STOP)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.umask(0o077)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, which would clear it.
    _process_control(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != keeper:
        os._exit(126)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
