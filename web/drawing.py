"""Samples for the page, drawn in a process with Paddle."""

from __future__ import annotations

import base64
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.dataset import crop_to, to_uint8
from errors import UserError
from reporting import samples
from storage import reading
from training import grids, run, sampling
from training.trainer import GANTrainer, rebuild

OPEN = 6  # generators that are kept
WIDTH = 640  # pixels, at most, of a picture


class Opened(NamedTuple):
    trainer: GANTrainer
    native_size: int | None  # of data.Dataset


class Painter:
    """Draws from runs and checkpoints; the last few generators stay open."""

    def __init__(self) -> None:
        self._opened: OrderedDict[tuple[str, int], Opened] = OrderedDict()

    def draw(self, sources: list[str | None], **of_all: Any) -> list[dict[str, Any] | None]:
        """What `picture` says of each source, or {'error': why there is none}; None for None."""
        drawn: list[dict[str, Any] | None] = []
        for source in sources:
            try:
                drawn.append(None if source is None else self.picture(source, **of_all))
            except UserError as error:
                drawn.append({"error": str(error)})
        return drawn

    def picture(
        self, source: str, count: int, seed: int, towards: int, share: float, chosen: str | None = None
    ) -> dict[str, Any]:
        """{'png': base64, 'latent': dimensions of z, 'classes': names, 'seconds'}: `count` samples of a run or a checkpoint.

        share: in [0, 1], how far z is on the way from the noise `seed` to the noise `towards`; at 0 the samples are those of
        sample.py. chosen: name of a class, of a conditional generator that has it; others draw all. Raises UserError.
        """
        began = time.perf_counter()
        opened = self._open(source)
        latent = opened.trainer.recipe.latent
        start, end = (samples.noise(number, count, latent) for number in (seed, towards))
        z = samples.between(start, end, np.array([share]))[:, 0] if share else start
        names = list(opened.trainer.classes)
        number = [names.index(chosen)] if chosen in names else []
        labels = samples.plan(seed, count, latent, opened.trainer.classes, number).labels
        items = sampling.generate(opened.trainer.sampler, z, labels=labels)
        if items.ndim == 2:
            frame = sampling.generate(opened.trainer.sampler, np.concatenate([start, end]))  # it stays on the way
            picture = grids.scatter(items, frame=frame)
        else:
            images = crop_to(to_uint8(items), opened.native_size)
            columns = round(count**0.5)
            width = columns * (images.shape[-1] + grids.GAP) + grids.GAP
            picture = grids.grid(images, columns, max(1, WIDTH // width))
        png = base64.b64encode(grids.png(picture)).decode()
        return {"png": png, "latent": latent, "classes": names, "seconds": round(time.perf_counter() - began, 3)}

    def _open(self, source):
        key = source, _stamp(Path(source))  # reading all of a checkpoint for its SHA-256 at every picture would take its time
        if key not in self._opened:
            path = run.find_checkpoint(source)[1]
            trainer, state = rebuild(path)
            self._opened[key] = Opened(trainer, state["native_size"])
        self._opened.move_to_end(key)
        while len(self._opened) > OPEN:
            self._opened.popitem(last=False)
        return self._opened[key]


def _stamp(source):
    """What changes with each checkpoint of a run; 0 for what is not there. Raises UserError where nobody can tell."""
    for path in (source / "checkpoints", source):
        if reading.is_folder(path):
            return path.stat().st_mtime_ns
    return 0
