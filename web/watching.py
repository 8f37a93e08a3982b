"""Trainings of points that a page watches, side by side from the same start, in a process with Paddle."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Any

from errors import NotFinite, UserError
from live import packing, session
from live.session import Live
from live.switches import switched
from web import WATCHED

PERIOD = 0.12  # seconds from one picture to the next, of which training takes what looking leaves, unless each step is shown
LOOKED = 0.5  # seconds between two exact W1, which cost more than a step
SHOWN = ("objective", "optimizer", "beta1", "n_critic", "clip", "penalty", "generator_learning_rate", "critic_learning_rate")
SHARED = ("latent", "batch_size", "generator_network", "generator_norm")  # settings that begin all of them anew
NO_AVERAGE = {"ema": 0.0}  # what is drawn is the generator that learns: its average would not follow the arrows
REST = 0.05  # seconds that go by before a slow motion's next step


class Watched:
    """The trainings of one page. send: takes what the page is to know, a dict."""

    def __init__(self, send: Callable[[dict[str, Any]], None]):
        self._send = send
        self._lives: list[Live] = []
        self._wrong: dict[int, str] = {}  # those that cannot go on, with the reason
        self._distances: dict[int, dict[str, float]] = {}
        self._looked, self._looking = 0.0, 0.0  # when an exact W1 was computed last, and the seconds that the last picture took
        self.runs, self.slowly = False, False

    def handle(self, request: dict[str, Any]) -> None:
        """Do what the page asks: a dict with one key, the name of a method below, whose value are its arguments."""
        ((name, arguments),) = request.items()
        if name not in ("begin", "change", "switch", "go", "step", "reset", "pace"):
            raise UserError(f"a page asked for {name!r}")
        try:
            getattr(self, name)(**arguments)
        except UserError as error:
            self._send({"refused": str(error), "recipes": self._recipes()})

    def begin(self, name: str, seed: int, **shared: Any) -> None:
        """Make the trainings on the points `name`, at step 0; shared: settings of all of them."""
        lives: list[Live] = []
        for model in WATCHED:
            lives.append(Live(session.recipe(model, name, seed, **NO_AVERAGE, **shared), lives[0].dataset if lives else None))
        self._lives, self._wrong, self.runs = lives, {}, False
        self._send({"scene": packing.pack_scene(lives[0].scene), "recipes": self._recipes()})
        self.show(exact=True)

    def change(self, of: int | None = None, **settings: Any) -> None:
        """Change settings of one training, or of all: from the next step on, or from step 0 where the networks change."""
        anew = False
        for live in self._lives if of is None else [self._lives[of]]:
            anew |= live.set(**settings)
        self._send({"recipes": self._recipes()})
        if anew:
            self._wrong = {}
            self.show(exact=True)

    def switch(self, thrown: list[str]) -> None:
        """Throw these of live.switches on the GAN's side, and no others."""
        self.change(0, **switched(thrown))

    def go(self, on: bool) -> None:
        self.runs = on
        if not on:
            self.show(exact=True)

    def pace(self, slowly: bool) -> None:
        """slowly: a picture of each step; else as many steps a picture as go into PERIOD."""
        self.slowly = slowly

    def step(self) -> None:
        """One generator step of each, while they stand still."""
        self.runs = False
        self._step()
        self.show(exact=True)

    def reset(self) -> None:
        for live in self._lives:
            live.reset()
        self._wrong, self.runs = {}, False
        self.show(exact=True)

    def advance(self) -> None:
        """Train until the next picture is due, and send it."""
        began = time.perf_counter()
        self._step()
        if self.slowly:
            time.sleep(REST)
        while not self.slowly and time.perf_counter() - began < PERIOD - self._looking:
            self._step()
        self.show(exact=time.perf_counter() - self._looked > LOOKED)

    def _step(self):
        for number, live in enumerate(self._lives):
            if number not in self._wrong:
                try:
                    live.step()
                except NotFinite as error:
                    self._wrong[number] = str(error)
        if len(self._wrong) == len(self._lives):
            self.runs = False

    def show(self, exact: bool) -> None:
        """Send a picture of all trainings."""
        began = time.perf_counter()
        frames: list[dict[str, Any]] = []
        for number, live in enumerate(self._lives):
            try:
                if number in self._wrong:
                    raise NotFinite(self._wrong[number])
                frame = live.frame(exact)
            except NotFinite as error:
                self._wrong[number] = str(error)
                frames.append({"wrong": str(error)})
                continue
            if exact:
                self._distances[number] = {"w1": frame.numbers["w1"]}
            frame.numbers.update(self._distances.get(number, {}))
            frames.append(packing.pack_frame(frame, live.scene.extent))
        if exact:
            self._looked = time.perf_counter()
        self._send({"frames": frames, "runs": self.runs, "exact": exact})
        self._looking = time.perf_counter() - began

    def _recipes(self):
        """What the page shows of each recipe."""
        every = (live.recipe for live in self._lives)
        return [{key: getattr(recipe, key) for key in (*SHOWN, *SHARED)} for recipe in every]


def watch(requests: queue.Queue[dict[str, Any] | None], send: Callable[[dict[str, Any]], None]) -> None:
    """Obey `requests`, and train between them, until one is None."""
    watched = Watched(send)
    while True:
        try:
            request = requests.get(block=not watched.runs)
        except queue.Empty:
            watched.advance()
            continue
        if request is None:
            return
        watched.handle(request)
