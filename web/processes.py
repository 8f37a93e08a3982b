"""Processes with Paddle that work for the page, so that its server answers meanwhile and survives them: app.py --worker."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from errors import UserError
from training import children

APP = Path(__file__).resolve().parent.parent / "app.py"


class Worker:
    """A process that is asked on its stdin and answers on its stdout, in lines of JSON; it has begun to import Paddle."""

    def __init__(self, threads: int):
        pipe = subprocess.PIPE
        command = [sys.executable, APP, "--worker"]
        self.process = children.start(command, threads, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", bufsize=1)
        assert self.process.stdin and self.process.stdout  # pipes
        self._requests, self._answers = self.process.stdin, self.process.stdout
        self._asking = threading.Lock()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def tell(self, request: dict[str, Any]) -> None:
        """Send a request. Raises UserError if the process has ended."""
        try:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        except (OSError, ValueError):
            raise self._gone() from None

    def line(self) -> str:
        """The next line that it prints, of JSON. Raises UserError if the process has ended."""
        try:
            line = self._answers.readline()
        except ValueError:  # closed meanwhile
            line = ""
        if not line:
            raise self._gone()
        return line

    def ask(self, request: dict[str, Any]) -> Any:
        """The answer to a request that has one. Raises UserError, also if the process could not begin or has ended."""
        with self._asking:
            self.tell(request)
            answer = json.loads(self.line())
        if "error" in answer:
            raise UserError(answer["error"])
        return answer["answer"]

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()

    def _gone(self):
        status = self.process.poll()
        return UserError(f"the process with Paddle has ended{'' if status is None else f' with status {status}'}")


class Pool:
    """Workers for the page: one that draws for all, one for each training that is watched, of at most `most`, and a spare one,
    ready for the next, since an import of Paddle takes seconds."""

    def __init__(self, most: int, threads: int):
        self.most, self._threads = most, threads
        self._lock = threading.Lock()
        self._drawing: Worker | None = None
        self._spare: Worker | None = None
        self._lent: set[Worker] = set()

    def drawing(self) -> Worker:
        """The one that draws; a new one in place of one that has ended."""
        with self._lock:
            if self._drawing is None or not self._drawing.alive:
                self._drawing = Worker(self._threads)
            return self._drawing

    def prepare(self) -> None:
        """See that there is a spare one, if another training is allowed."""
        with self._lock:
            if len(self._lent) < self.most and (self._spare is None or not self._spare.alive):
                self._spare = Worker(1)

    def take(self) -> Worker | None:
        """One of one's own, to be given back; None if all are lent."""
        with self._lock:
            if len(self._lent) >= self.most:
                return None
            worker = self._spare if self._spare is not None and self._spare.alive else Worker(1)
            self._spare = None
            self._lent.add(worker)
            return worker

    def give_back(self, worker: Worker) -> None:
        """End one that was lent."""
        worker.end()
        with self._lock:
            self._lent.discard(worker)

    def __iter__(self) -> Iterator[Worker]:
        with self._lock:
            return iter([worker for worker in (self._drawing, self._spare, *self._lent) if worker])

    def end(self) -> None:
        for worker in self:
            worker.end()
