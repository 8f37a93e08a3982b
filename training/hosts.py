"""Processes on several hosts: the network interface that they meet by, and connections that notice a host that is gone."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from errors import TrainingError

PATIENCE = 900  # seconds, as many as Paddle's first process waits for the others
SILENCE = 10  # seconds without an answer after which a host counts as gone
ADDRESS_OF_INTERFACE = 0x8915  # SIOCGIFADDR


def choose_interface() -> None:
    """Have gloo listen at the address that the launcher gave this process, unless GLOO_SOCKET_IFNAME names an interface.

    By itself gloo takes what the host's name stands for, which on many systems is the host itself: nobody else could connect.
    """
    address = os.environ.get("PADDLE_CURRENT_ENDPOINT", "").rpartition(":")[0]
    if name := interface_of(address):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", name)


def interface_of(address: str) -> str | None:
    """The interface with an IPv4 address or a host name's, None where no other host could connect to it or on other systems."""
    if sys.platform != "linux":
        return None
    import fcntl

    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        wanted = socket.gethostbyname(address)
        if is_loopback(wanted):
            return None
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # it has no address
                answer = fcntl.ioctl(any_socket, ADDRESS_OF_INTERFACE, struct.pack("256s", name.encode()))
                if socket.inet_ntoa(answer[20:24]) == wanted:
                    return name
    return None


def is_loopback(address: str) -> bool:
    """Whether an address leads back to the host that uses it."""
    return address == "localhost" or address.startswith("127.")


def wait_for_first() -> None:
    """Wait until the first process, on another host, lets others join: Paddle would wait without end. Raises TrainingError."""
    master = os.environ.get("PADDLE_MASTER") or os.environ.get("PADDLE_TRAINER_ENDPOINTS", "").partition(",")[0]
    address = os.environ.get("MASTER_ADDR") or master.rpartition(":")[0]
    port = os.environ.get("MASTER_PORT") or master.rpartition(":")[2]
    if os.environ.get("PADDLE_TRAINER_ID", "0") != "0" and not is_loopback(address):
        wait_for(address, int(port), PATIENCE)


def wait_for(address: str, port: int, patience: float) -> None:
    """Return as soon as something accepts connections there. Raises TrainingError after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=SILENCE):
            return
        time.sleep(min(1.0, patience))
    raise TrainingError(f"the first process of this training has not come to {address}:{port} within {patience / 60:g} minutes")


@contextlib.contextmanager
def watched_connections() -> Iterator[None]:
    """TCP connections to other hosts that are made within this context break when the other host is silent for SILENCE seconds.

    A host that loses its power or its network does not say so, and gloo would wait for 30 seconds. The kernels ask one another,
    so that a process may compute for as long as it likes. Connections within a host stay as they are, and on other systems all.
    """
    before = _sockets()
    yield
    for number in _sockets() - before:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as connection:
            if connection.family in (socket.AF_INET, socket.AF_INET6):
                own, other = connection.getsockname()[0], connection.getpeername()[0]  # an OSError while it listens
                if own != other:
                    _watch(connection)


def _watch(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # asks after 4 quiet seconds and every 2 from then on; the last option is for what was sent and never acknowledged
    for option, value in (("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 1000 * SILENCE)):
        connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _sockets():
    """The numbers of this process's open sockets."""
    found = set()
    with contextlib.suppress(OSError):  # no /proc
        for number in (int(path.name) for path in Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(OSError):  # closed since
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    found.add(number)
    return found
