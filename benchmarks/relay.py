"""A slow link between two network namespaces, until its input ends: python -m benchmarks.relay NAME NAME BITS_A_SECOND SECONDS

Each namespace gets a TUN device with the name LINK, at 10.78.0.1 and 10.78.0.2. What one of them sends leaves at that rate and
reaches the other so much later, in either direction, in packets of MTU bytes. `tc netem` does so too, but many kernels lack it.
The first line out says 'ready', the last one how many CPU seconds all this took.
"""

import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque

TUN, LINK, MTU = "/dev/net/tun", "slow", 16_000
ADDRESSES = ("10.78.0.1", "10.78.0.2")
TUNSETIFF, TUN_WITHOUT_HEADER = 0x400454CA, 0x1001


class Direction:
    """What waits to be handed over: packets go out of one device into another."""

    def __init__(self, source: int, target: int, rate: float, delay: float) -> None:
        self.source, self.target, self.rate, self.delay = source, target, rate, delay
        self.free, self.waiting = 0.0, deque[tuple[float, bytes]]()  # when the line is free; (when it arrives, packet)

    def take(self, now: float) -> None:
        try:
            while True:
                packet = os.read(self.source, 1 << 16)
                self.free = max(now, self.free) + 8 * len(packet) / self.rate
                self.waiting.append((self.free + self.delay, packet))
        except BlockingIOError:
            pass

    def hand_over(self, now: float) -> None:
        while self.waiting and self.waiting[0][0] <= now:
            os.write(self.target, self.waiting.popleft()[1])


def device(namespace: str, address: str) -> int:
    """A TUN device in a namespace, as this process's file."""
    file = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
    made = f"{namespace}t"  # no other has it, here where all are made
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", made.encode(), TUN_WITHOUT_HEADER))
    for command in (
        f"ip link set {made} netns {namespace} name {LINK}",
        f"ip -n {namespace} addr add {address}/30 dev {LINK}",
        f"ip -n {namespace} link set {LINK} mtu {MTU} up",
    ):
        subprocess.run(command.split(), check=True)
    return file


def main(one: str, other: str, rate: str, delay: str) -> None:
    files = [device(name, address) for name, address in zip((one, other), ADDRESSES, strict=True)]
    ways = [Direction(source, target, float(rate), float(delay)) for source, target in (files, files[::-1])]
    print("ready", flush=True)
    while True:
        due = [way.waiting[0][0] for way in ways if way.waiting]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        readable, _, _ = select.select([*files, sys.stdin], [], [], timeout)
        if sys.stdin in readable:  # its end
            break
        for way in ways:
            if way.source in readable:
                way.take(time.monotonic())
            way.hand_over(time.monotonic())
    print(time.process_time())


if __name__ == "__main__":
    main(*sys.argv[1:])
