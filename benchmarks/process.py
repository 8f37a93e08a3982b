"""A module of this package in processes of its own, that work when they are told to: a line in, a line out."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from experiments import ROOT

SETTINGS = ("OMP_NUM_THREADS", "KMP_BLOCKTIME", "MKL_DEBUG_CPU_TYPE", "MALLOC_")  # what each variant sets itself, if it does


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


class Team:
    """Processes that do the same at the same time, a batch that they share, say."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self.processes = list(processes)
        for process in self.processes:  # which wait for one another
            process.wait_until_ready()

    def ask(self, line: str) -> float:
        """Tell all of them the line: the largest of their answers, the slowest one's seconds."""
        for process in self.processes:
            process.tell(line)
        return max(float(process.answer()) for process in self.processes)

    def close(self) -> None:
        for process in self.processes:
            process.close()


def environment(**own: str) -> dict[str, str]:
    """This process's without SETTINGS, and with what is a process's own."""
    return {key: value for key, value in os.environ.items() if not key.startswith(SETTINGS)} | own
