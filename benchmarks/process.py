"""A module of this package in a process of its own, that works when it is told to: a line in, a line out."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from experiments import ROOT


class Process(subprocess.Popen):
    """python -m benchmarks.MODULE ARGUMENTS…, which says 'ready' when it is. by: a command that runs it; more: as Popen's."""

    def __init__(self, module: str, *arguments: Any, by: Sequence[str] = (), **more: Any) -> None:
        self.command = [*by, sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
        super().__init__(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, **more)

    def wait_until_ready(self) -> None:
        """Raises RuntimeError if it ends before."""
        while "ready" not in (line := self.answer()):
            if not line:
                raise RuntimeError(f"{' '.join(self.command)} did not start")

    def tell(self, line: str) -> None:
        print(line, file=self.stdin, flush=True)

    def answer(self) -> str:
        assert self.stdout  # a pipe
        return self.stdout.readline()

    def close(self) -> str:
        """End its input, and return what it says at its end."""
        return self.communicate()[0]
