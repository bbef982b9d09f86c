"""The database: dynoxide, a DynamoDB server on SQLite, as a child process that is kept alive."""

from __future__ import annotations

import logging
import os
import platform
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

from infra.local.database import parent_death_wrapper, private_network
from infra.local.database.file_check import check_database_file, check_free_space
from infra.local.database.file_maintenance import maintain_file
from infra.local.database.private_network import PrivateNetwork
from infra.local.emulator.template import ROOT
from infra.local.errors import StackError
from infra.local.runner.worker import Worker

LOOPBACK = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 5.0
RESTART_PAUSE_SECONDS = 0.1
"""Between the end of a server that crashed and the start of the next: long enough not to spin when it cannot start."""
LOG = logging.getLogger("ghostwatt.database")
UNPRIVILEGED_PORTS = range(1_024, 65_536)
SHARED_NETWORK = (
    "This system gives the database no network of its own (%s). It listens at %s, an address that %s;"
    " other users of this machine can reach it."
)


def server_binary(root: Path = ROOT) -> Path:
    """Find the binary that npm installed, else the one on the PATH. Raises StackError when there is none."""
    system = platform.system().lower()
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    binary = root / "node_modules" / "@dynoxide" / f"{system}-{machine}" / "dynoxide"
    on_path = shutil.which("dynoxide")
    if not binary.exists() and on_path is None:
        raise StackError(
            f"The database server is not installed ({binary} is missing): run `make install`, or where npm has none "
            "for this machine, put a dynoxide of your own on the PATH."
        )
    return binary if binary.exists() else Path(on_path or "")


class Database:
    """A server with its file in the data directory, which this process alone can reach where the system allows it.

    There it has a network of its own (see private_network); else it listens on a loopback address that is drawn by
    lot. It is started again, on the same address and file, when it ends by itself. `delivered` tells which stream
    records the maintenance may drop (see file_maintenance).
    """

    def __init__(
        self,
        directory: Path,
        binary: Path,
        delivered: Callable[[], Mapping[str, int]] = dict,
        *,
        isolated: bool = True,
    ) -> None:
        self.path = directory / "database.sqlite"
        self.address = _unguessable_address()
        self.url = "http://{}:{}".format(*self.address)
        self._binary = binary
        # A copy: the stack sets variables while a thread starts the server, and C's own list of them may move then.
        self._environment = dict(os.environ)
        self._delivered = delivered
        self._pid_path = directory / "database.pid"
        self._log_path = directory / "database.log"
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._network: PrivateNetwork | None = None
        self._wants_network = isolated
        self._was_isolated = False
        # Linux ends the child with the thread that started it, so one thread lives as long as the database does.
        self._keeper = Worker("database", self._keep_alive)

    @property
    def is_isolated(self) -> bool:
        """Whether the server has a network of its own."""
        return self._network is not None

    def start(self) -> None:
        """Start it, without waiting until it answers; raises StackError when its file is not usable."""
        self._log_path.unlink(missing_ok=True)
        _end_leftover(self._pid_path, self.path)
        check_free_space(self.path.parent)
        check_database_file(self.path)
        try:
            if not self.path.exists():
                self._make_file()
            maintain_file(self.path, self._delivered())
        except sqlite3.DatabaseError as error:
            raise StackError(f"The database file {self.path} cannot be used: {error}.") from error
        self._keeper.start()

    def wait_until_ready(self) -> None:
        """Wait until it answers; raises StackError when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or not self._keeper.is_alive():
                raise StackError(f"The database does not start: {self._said()}")
            time.sleep(0.005)

    def _said(self) -> str:
        log = self._log_path.read_text(errors="replace")[-500:] if self._log_path.exists() else ""
        return log.strip() or "it says nothing"

    def stop(self) -> None:
        """End it for good."""
        self._stopping.set()
        if self._child is not None:
            _end(self._child)
        if self._keeper.is_alive():
            self._keeper.join(STOP_SECONDS)
        self._leave_network()
        private_network.end_route(self.address)
        self._pid_path.unlink(missing_ok=True)

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            self._child = self._spawn()
            if self._stopping.is_set():  # stop() may have come between the look and the start
                _end(self._child)
            code = self._child.wait()
            self._leave_network()
            if not self._stopping.wait(RESTART_PAUSE_SECONDS):
                LOG.warning("the database ended (exit code %s); it is started again", code)
                self._maintain_again()

    def _maintain_again(self) -> None:
        try:
            maintain_file(self.path, self._delivered())
        except sqlite3.DatabaseError as error:  # a full disk, say: the server can do without
            LOG.warning("the database's file cannot be tidied: %s", error)

    def _make_file(self) -> None:
        """Let the server make its file, since the maintenance needs the server's tables and a server that is down.

        It gets its name when it is whole, so that a file of that name without the server's tables is a damaged one.
        """
        draft = self.path.with_name(f"{self.path.name}.draft")
        for path in _with_its_logs(draft):
            path.unlink(missing_ok=True)
        child = self._spawn(draft)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        _end(child)
        self._leave_network()
        if not draft.exists():
            raise StackError(f"The database does not start: {self._said()}")
        maintain_file(draft, {})  # the last one to close the file puts what is in its log into it
        draft.replace(self.path)

    def _spawn(self, path: Path | None = None) -> subprocess.Popen[bytes]:
        """Start the server, in a network of its own if the system gives it one."""
        if self._wants_network:
            network = PrivateNetwork()
            child = self._launch(path or self.path, network.descriptor)
            refusal = network.refusal()
            if not refusal:
                self._network, self._was_isolated = network, True
                private_network.route(self.address, self._new_socket)
                return child
            network.wait_until_gone()
            if self._was_isolated:
                return child  # it has ended; the keeper tries again, since what was shut in must not be let out
            child.wait()
            self._wants_network = False
            LOG.warning(SHARED_NETWORK, refusal, self.url, _who_finds(self.address))
        return self._launch(path or self.path)

    def _launch(self, path: Path, network: int = -1) -> subprocess.Popen[bytes]:
        host, port = self.address
        options = {"--host": host, "--port": str(port), "--db-path": str(path)}
        program = [str(self._binary), "serve", *chain(*options.items())]
        with self._log_path.open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own program and options
                [sys.executable, "-I", "-S", parent_death_wrapper.__file__, str(os.getpid()), str(network), *program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=self._environment,
                pass_fds=[network] if network >= 0 else [],
                start_new_session=True,  # Ctrl-C is for the stack, which ends its children in order
            )
        draft = self._pid_path.with_suffix(".draft")
        draft.write_text(str(child.pid))
        draft.replace(self._pid_path)
        return child

    def _new_socket(self) -> socket.socket:
        """A socket of the server's network.

        While there is none, nothing is asked for in the machine's network: another user could listen there. Without
        its helper the server is out of reach, and the keeper starts both anew.
        """
        network, child = self._network, self._child
        if network is None:
            raise ConnectionRefusedError("the database is being started")
        try:
            return network.new_socket()
        except OSError:
            if child is not None and child.poll() is None and network is self._network:
                LOG.warning("the way into the database's network is gone; the database is started again")
                child.kill()
            raise

    def _leave_network(self) -> None:
        network, self._network = self._network, None
        if network is not None:
            network.wait_until_gone()

    def _answers(self) -> bool:
        try:
            made = self._new_socket() if self._network else socket.socket()
        except OSError:
            return False
        with made:
            made.settimeout(1)
            return made.connect_ex(self.address) == 0


def _with_its_logs(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _end_leftover(pid_path: Path, database_path: Path) -> None:
    """End the server that a killed stack left behind, where the operating system does not do it (macOS)."""
    if not pid_path.exists():
        return
    pid = int(pid_path.read_text() or 0)
    if str(database_path) in _command_line(pid):
        LOG.warning("ending the database that an earlier stack left behind (process %s)", pid)
        os.kill(pid, signal.SIGKILL)
        while str(database_path) in _command_line(pid):
            time.sleep(0.005)
    pid_path.unlink()


def _command_line(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    if Path("/proc/self/cmdline").exists():
        path = Path(f"/proc/{pid}/cmdline")
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace") if path.exists() else ""
    ps = ["/bin/ps", "-p", str(pid), "-o", "command="]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a process id only


def _unguessable_address() -> tuple[str, int]:
    """A free address among 2^40 where the whole of 127/8 is this machine, as on Linux; elsewhere only a free port."""
    while True:
        address = _any_loopback(), secrets.choice(UNPRIVILEGED_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(address)
            except OSError:  # somebody has it
                continue
        return address


def _any_loopback() -> str:
    if sys.platform != "linux":
        return LOOPBACK
    return ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])


def _who_finds(address: tuple[str, int]) -> str:
    """For the warning: can a web page find it, which may try addresses?"""
    return "no web page can guess" if address[0] != LOOPBACK else "a web page can find by trying all ports"
