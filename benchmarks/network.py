"""Two hosts with addresses of their own on one machine: network namespaces, joined by a veth pair. Needs root and iproute2."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from errors import UserError

MINE = re.compile(r"pw(\d+)[ab]")  # pw, number of the process that made it, a or b


class Host(NamedTuple):
    """name: of the namespace and of its interface."""

    name: str
    address: str

    def command(self, *words: object) -> list[str]:
        """A command that runs on this host."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def sent(self, interface: str) -> int:
        """Bytes that have gone out by one of its interfaces so far, with the headers of their packets."""
        return int(_run(*self.command("cat", f"/sys/class/net/{interface}/statistics/tx_bytes")))

    def connect(self, connected: bool) -> None:
        """Take its interface down, or up again."""
        _run("ip", "-n", self.name, "link", "set", self.name, "up" if connected else "down")


@contextlib.contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Two namespaces with one interface each, at 10.77.0.1 and 10.77.0.2, and no way out. What runs in them at the end is killed.

    Raises UserError where the kernel or the user's rights do not allow it.
    """
    if not shutil.which("ip"):
        raise UserError("two hosts on one machine need the command ip, of iproute2")
    if os.geteuid() != 0:
        raise UserError("two hosts on one machine need root, for network namespaces")
    for name in _namespaces():  # of a process that was killed before it could remove them
        if (match := MINE.fullmatch(name)) and not Path(f"/proc/{match[1]}").exists():
            _remove(name)
    one, other = hosts = tuple(Host(f"pw{os.getpid()}{letter}", f"10.77.0.{k}") for letter, k in (("a", 1), ("b", 2)))
    try:
        for host in hosts:
            _run("ip", "netns", "add", host.name)
        _run(*f"ip link add {one.name} netns {one.name} type veth peer name {other.name} netns {other.name}".split())
        for host in hosts:
            _run("ip", "-n", host.name, "addr", "add", f"{host.address}/30", "dev", host.name)
            for interface in ("lo", host.name):
                _run("ip", "-n", host.name, "link", "set", interface, "up")
            host.sent(host.name)  # whether commands can run there
        yield one, other
    finally:
        for host in hosts:
            _remove(host.name)


def _namespaces():
    return [line.split()[0] for line in _run("ip", "netns", "list").splitlines() if line]


def _remove(name):
    """A namespace, with its interfaces and processes."""
    if name in _namespaces():
        for number in _run("ip", "netns", "pids", name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
        _run("ip", "netns", "del", name)


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
