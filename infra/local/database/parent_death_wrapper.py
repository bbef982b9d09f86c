"""Run a program that dies when its parent dies, even of kill -9.

Usage: python parent_death_wrapper.py PARENT_PID SOCKET PROGRAM ARGUMENT...

With the descriptor of a Unix SOCKET (-1 for none) the program gets a network of its own: a loopback interface that no
other process of the machine reaches. Through that socket a helper says "+" once it stands, or why it does not; then it
answers each byte with a new TCP socket of that network (SCM_RIGHTS). The helper dies with the program.

A program of its own, because neither is safe between fork and exec of a process with threads, nor may such a process
enter a user namespace. It knows nothing but Python's standard library.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""From linux/sched.h."""
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
"""From linux/sockios.h and linux/if.h: how an interface is switched on."""


def main() -> None:
    """Make the network, ask Linux for the signal at the parent's death, and become the program."""
    parent_pid, descriptor, *command = sys.argv[1:]
    if int(descriptor) >= 0:
        with socket.socket(fileno=int(descriptor)) as stack:
            _give_network(stack)
    _die_with(int(parent_pid))
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _give_network(stack: socket.socket) -> None:
    """Leave the machine's network and leave a helper in the new one; without it this process ends."""
    try:
        _enter_own_network()
    except OSError as error:
        stack.sendall(f"{error.filename}: {error.strerror}".encode())
        sys.exit(1)
    program_pid = os.getpid()
    if os.fork() == 0:
        _die_with(program_pid)
        _hand_out_sockets(stack)
        os._exit(0)


def _enter_own_network() -> None:
    """A network namespace with its loopback up; without the right to make one, inside a user namespace of our own."""
    if sys.platform != "linux":
        raise OSError(0, "only Linux has network namespaces", sys.platform)
    try:
        _unshare(CLONE_NEWNET)
    except PermissionError:
        user_id, group_id = os.geteuid(), os.getegid()
        _unshare(CLONE_NEWUSER | CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user_id} {user_id} 1")
        Path("/proc/self/gid_map").write_text(f"{group_id} {group_id} 1")
    with socket.socket() as any_socket:
        try:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
        except OSError as error:
            raise OSError(error.errno, error.strerror, "loopback") from error


def _unshare(flags: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")


def _hand_out_sockets(stack: socket.socket) -> None:
    stack.sendall(b"+")
    while stack.recv(1):
        with socket.socket() as made:
            socket.send_fds(stack, [b"s"], [made.fileno()])


def _die_with(parent_pid: int) -> None:
    """Have Linux kill this process when its parent ends; elsewhere do nothing."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent_pid:
        sys.exit("the parent is gone already")


if __name__ == "__main__":
    main()
