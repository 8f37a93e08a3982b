"""Samples of a trained generator in the forms that sample.py offers."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from data.dataset import crop_to, to_uint8
from errors import UserError
from storage import writing
from training import grids, randomness

if TYPE_CHECKING:
    from training.trainer import GANTrainer

STEPS = 8  # of an interpolation, ends included
KINDS = {  # of files that samples go into
    ".png": ".png (grid)",
    ".npz": ".npz (images)",
    ".gif": ".gif (the training, from its saved grids)",
    "folder": "a folder, with a slash at its end",
}


def in_words(kinds: Collection[str] = tuple(KINDS)) -> str:
    """Some of KINDS, for a person."""
    *most, last = (words for kind, words in KINDS.items() if kind in kinds)
    return f"{', '.join(most)} or {last}"


def kind_of(out: str | Path, kinds: Collection[str] = tuple(KINDS)) -> str:
    """The kind of file, of KINDS, that `out` names. Raises UserError for another one, and if it cannot be written."""
    kind = "folder" if str(out).endswith("/") else Path(out).suffix.lower()
    if kind not in kinds:
        raise UserError(f"--out {out}: allowed are {in_words(kinds)}")
    if kind != "folder" and Path(out).is_dir():
        raise UserError(f"--out {out} is a folder: end it with a slash, or name a file in it")
    writing.check_writable(Path(out) if kind == "folder" else Path(out).parent)
    return kind


def write(trainer: GANTrainer, state: dict, out: Path, kind: str, count: int, seed: int, interpolate: bool) -> None:
    """Write `count` samples of noise `seed` to `out`; kind: '.png', '.npz' or 'folder'. Raises UserError."""
    from training.sampling import generate  # here: nothing may import Paddle before runtime.start

    z = great_circles(seed, count, trainer.recipe.latent) if interpolate else noise(seed, count, trainer.recipe.latent)
    write_items(generate(trainer.sampler, z), state["native_size"], out, kind, STEPS if interpolate else None)


def write_items(items: np.ndarray, native_size: int | None, out: Path, kind: str, columns: int | None = None) -> None:
    """Write what a generator made, N×C×H×W in [−1, 1] or points N×2; images in 8 bits, without their padding.

    native_size: of data.Dataset. kind: of KINDS, '.gif' not. columns: of a grid, None for about as many as rows. Raises
    UserError.
    """
    points, count = items.ndim == 2, len(items)
    if not points:
        items = crop_to(to_uint8(items), native_size)
    if kind == ".npz":
        _write_npz(out, items, points)
    elif points and kind == "folder":
        raise UserError(f"--out {out}: these are points, not images; use .png or .npz")
    elif kind == "folder":
        with writing.filling(out) as folder:  # all of them or none
            for number, item in enumerate(items):
                grids.save_png(folder / f"{number:06d}.png", np.broadcast_to(item.transpose(1, 2, 0), (*item.shape[1:], 3)))
    else:
        columns = columns or min(count, max(8, round(count**0.5)))
        grids.save_png(out, grids.scatter(items) if points else grids.grid(items, columns))


def noise(seed: int, count: int, latent: int) -> np.ndarray:
    """z ~ N(0, I), float32 count×latent; the first samples stay the same when more are drawn."""
    return randomness.noise(seed, "samples", 0, [count, latent])


def great_circles(seed: int, count: int, latent: int) -> np.ndarray:
    """Rows of STEPS noises from one z to another along the great circle between them, float32, `count` rounded up to rows.

    A straight line would pass through noises much shorter than any the generator was trained on.
    """
    rows = -(-count // STEPS)
    start, end = np.split(noise(seed, 2 * rows, latent).astype(np.float64), 2)
    lengths = [np.linalg.norm(z, axis=1, keepdims=True) for z in (start, end)]
    cosine = np.sum(start * end, 1, keepdims=True) / (lengths[0] * lengths[1])
    angle = np.arccos(np.clip(cosine, -1, 1))[:, None]
    t = np.linspace(0, 1, STEPS)[None, :, None]
    small = np.sin(angle) < 1e-6  # the same or opposite directions have no circle between them
    sine = np.where(small, 1, np.sin(angle))
    weights = [np.where(small, w, np.sin(w * angle) / sine) for w in (1 - t, t)]
    path = weights[0] * (start / lengths[0])[:, None] + weights[1] * (end / lengths[1])[:, None]
    length = (1 - t) * lengths[0][:, None] + t * lengths[1][:, None]
    return (path * length).reshape(-1, latent).astype(np.float32)


def _write_npz(out, items, points):
    with writing.replacing(out) as file:
        if points:
            np.savez_compressed(file, points=items)
        else:
            np.savez_compressed(file, images=items[:, 0] if items.shape[1] == 1 else items.transpose(0, 2, 3, 1))


def write_gif(folder: str | Path, out: str | Path, milliseconds: int = 300) -> None:
    """The saved grids of a run, in the order of their steps, as a GIF that stays on the last. Raises UserError."""
    paths = list(grids.list_grids(folder).values())
    if not paths:
        raise UserError(f"{folder} has no grids in samples/")
    frames = [Image.fromarray(grids.picture(path)).convert("P", palette=Image.Palette.ADAPTIVE, colors=64) for path in paths]
    times = [milliseconds] * (len(frames) - 1) + [5 * milliseconds]
    drawn = io.BytesIO()
    frames[0].save(drawn, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    writing.write_bytes(out, drawn.getvalue())
