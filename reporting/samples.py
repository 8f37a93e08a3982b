"""Samples of a trained generator in the forms that sample.py offers, films among them."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from data.dataset import crop_to, to_uint8
from errors import UserError, WriteError, shortened, words_of
from storage import names as file_names
from storage import writing
from training import grids, randomness

if TYPE_CHECKING:
    from training.trainer import GANTrainer

IMAGES, POINTS = 64, 1000  # drawn where --n is not given
STEPS, FILM_STEPS = 8, 30  # of an interpolation, ends included: in a grid, in a film
FILMS = (".gif", ".mp4")
MILLISECONDS, INTERPOLATION_MILLISECONDS, HELD = 250, 80, 6  # of a film's picture; how many times that its last one stays
CODECS = ("vp09", "mp4v")  # browsers show the first one; not every OpenCV can write it
KINDS = {  # of files that samples go into
    ".png": ".png (grid)",
    ".npz": ".npz (images)",
    ".gif": ".gif",
    ".mp4": ".mp4 (films: of the training, from its saved grids, or of --interpolate)",
    "folder": "a folder, with a slash at its end",
}
# what options of sample.py and infer.py do
HOW_MANY = f"How many samples; by default {IMAGES}, of points {POINTS:,}."
NOISE = "Random seed of the noise z."
CHOSEN = "Of a conditional run: draw these classes in turn, such as 3,7, or by name."
TABLE = "Of a conditional run: one row for each class, one z for each column; N is rounded up to whole columns."
CLEAR = "With a folder as --out: take away the single pictures that it holds."


def how_many(count: int | None, shape: Sequence[int]) -> int:
    """Samples to draw: what --n said, or as many as a picture needs. shape: of one, (C, H, W) or (2,)."""
    return count or (POINTS if len(shape) == 1 else IMAGES)


def in_words(kinds: Collection[str] = tuple(KINDS)) -> str:
    """Some of KINDS, for a person."""
    *most, last = (words for kind, words in KINDS.items() if kind in kinds)
    return f"{', '.join(most)} or {last}"


def kind_of(out: str | Path, kinds: Collection[str] = tuple(KINDS), clear: bool = False) -> str:
    """The kind of file, of KINDS, that `out` names. Raises UserError for another one, and if it cannot be written.

    A folder must hold nothing, for FID is computed of all pictures in it; clear: nothing but pictures that write_items wrote.
    """
    kind = "folder" if str(out).endswith("/") else Path(out).suffix.lower()
    if kind not in kinds:
        raise UserError(f"--out {out}: allowed are {in_words(kinds)}")
    if kind != "folder" and Path(out).is_dir():
        raise UserError(f"--out {out} is a folder: end it with a slash, or name a file in it")
    if clear and kind != "folder":
        raise UserError(f"--clear is for a folder of single pictures: --out {out} is none")
    writing.check_writable(Path(out) if kind == "folder" else Path(out).parent)
    if kind == "folder" and writing.holds_something(out, but=_is_single if clear else lambda path: False):
        what, hint = ("other things than single pictures", "") if clear else ("something", ", or --clear its single pictures")
        raise UserError(f"--out {out} holds {what} already: name another folder{hint}")
    return kind


def _is_single(path):
    """Whether write_items may have written this file into a folder."""
    return re.fullmatch(r"[0-9]{6,}\.png", path.name) is not None


class Plan(NamedTuple):
    """What samples are made of. z: float32 N×latent. labels: int64 N, of a conditional generator, else None. columns: of their
    grid, None for about as many as rows."""

    z: np.ndarray
    labels: np.ndarray | None = None
    columns: int | None = None


def plan(
    seed: int,
    count: int,
    latent: int,
    classes: dict[str, int] | None = None,
    chosen: Sequence[int] = (),
    by_class: bool = False,
    steps: int = 0,
) -> Plan:
    """The plan of `count` samples. classes: of a conditional generator, {name: items of its data}; they are drawn as often as the
    data have them, or those of `chosen` in turn.

    by_class: a class a row, one z a column, as many as it takes. steps: 0, or those of great_circles, each of one class.
    """
    if by_class:
        numbers = np.array(chosen or range(len(classes or ())))
        columns = -(-count // len(numbers))
        return Plan(np.tile(noise(seed, columns, latent), (len(numbers), 1)), np.repeat(numbers, columns), columns)
    z = great_circles(seed, count, latent, steps) if steps else noise(seed, count, latent)
    if not classes:
        return Plan(z, None, steps or None)
    rows = len(z) // max(1, steps)
    labels = np.resize(chosen, rows) if chosen else randomness.classes(seed, "sample classes", 0, rows, [*classes.values()])
    return Plan(z, labels.repeat(max(1, steps)), steps or None)


def picture_name(seed: int, kind: str, classes: str | None, *more: str) -> str:
    """The name of a picture that was given none: its kind ('samples', say), what follows --classes, other marks or ''."""
    marks = [kind, f"classes-{classes}".replace(",", "-") if classes else "", *more]
    return f"{'-'.join(file_names.part(mark) for mark in marks if mark)}-seed-{seed}.png"


def chosen_classes(text: str | None, by_class: bool, classes: dict[str, int] | None, where: str | Path) -> list[int]:
    """What follows --classes, as '3,7', in numbers; [] if it was not given. A class may be called by its name, too.

    by_class: of plan, classes: as its, of the generator in `where`. Raises UserError, also where it is not conditional.
    """
    if text is None and not by_class:
        return []
    if not classes:
        flag = "--grid classes" if text is None else "--classes"
        raise UserError(f"{flag}: {where} was not trained with conditional=true, so its classes cannot be chosen")
    names = {name: number for number, name in enumerate(classes)}
    numbers = {str(number): number for number in range(len(classes))}
    found = []
    for word in [] if text is None else words_of(text):
        number = names.get(word, numbers.get(word))
        if number is None:
            own = "" if list(names) == list(numbers) else f", or by name {shortened(', '.join(names))}"
            raise UserError(f"--classes {shortened(text)}: allowed are 0 to {len(classes) - 1}{own}, with commas between them")
        found.append(number)
    return found


def write(
    trainer: GANTrainer,
    state: dict,
    out: Path,
    kind: str,
    count: int,
    seed: int,
    interpolate: bool,
    chosen: Sequence[int] = (),
    by_class: bool = False,
) -> None:
    """Write `count` samples of noise `seed` to `out`; kind: of KINDS, a film only if `interpolate`. chosen, by_class: of plan.
    Raises UserError."""
    from training.sampling import generate  # here: nothing may import Paddle before runtime.start

    steps = (FILM_STEPS if kind in FILMS else STEPS) if interpolate else 0
    what = plan(seed, count, trainer.recipe.latent, trainer.classes, chosen, by_class, steps)
    items = generate(trainer.sampler, what.z, labels=what.labels)
    if kind in FILMS:
        write_interpolation(items.reshape(-1, FILM_STEPS, *items.shape[1:]), state["native_size"], out)
    else:
        write_items(items, state["native_size"], out, kind, what.columns, what.labels)


def write_items(
    items: np.ndarray,
    native_size: int | None,
    out: Path,
    kind: str,
    columns: int | None = None,
    labels: np.ndarray | None = None,
) -> None:
    """Write what a generator made, N×C×H×W in [−1, 1] or points N×2; images in 8 bits, without their padding.

    native_size: of data.Dataset. kind: of KINDS, films not. columns: of a grid, None for about as many as rows. labels: int64 N,
    for an .npz, or None. A folder holds these single pictures afterwards, and none of before. Raises UserError.
    """
    points, count = items.ndim == 2, len(items)
    if not points:
        items = crop_to(to_uint8(items), native_size)
    if kind == ".npz":
        _write_npz(out, items, points, labels)
    elif points and kind == "folder":
        raise UserError(f"--out {out}: these are points, not images; use .png or .npz")
    elif kind == "folder":
        with writing.filling(out) as folder:  # all of them or none
            for number, item in enumerate(items):
                grids.save_png(folder / f"{number:06d}.png", np.broadcast_to(item.transpose(1, 2, 0), (*item.shape[1:], 3)))
        for path in out.iterdir():
            if _is_single(path) and int(path.stem) >= count:
                path.unlink()
    else:
        columns = columns or min(count, max(8, round(count**0.5)))
        grids.save_png(out, grids.scatter(items) if points else grids.grid(items, columns))


def noise(seed: int, count: int, latent: int) -> np.ndarray:
    """z ~ N(0, I), float32 count×latent; the first samples stay the same when more are drawn."""
    return randomness.noise(seed, "samples", 0, [count, latent])


def great_circles(seed: int, count: int, latent: int, steps: int = STEPS) -> np.ndarray:
    """Rows of `steps` noises from one z to another along the great circle between them, float32 (rows·steps)×latent.

    As many rows as STEPS noises each take for `count` in all, rounded up. A straight line would pass through noises much
    shorter than any the generator was trained on.
    """
    rows = -(-count // STEPS)
    start, end = np.split(noise(seed, 2 * rows, latent), 2)
    return between(start, end, np.linspace(0, 1, steps)).reshape(-1, latent)


def between(start: np.ndarray, end: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Noises on the way from each of `start` to that of `end`, N×latent, along great circles: float32 N×S×latent.

    shares: S numbers in [0, 1], of the way; at 0 it is start's. A noise's length changes evenly from one to the other.
    """
    start, end = start.astype(np.float64), end.astype(np.float64)
    lengths = [np.linalg.norm(z, axis=1, keepdims=True) for z in (start, end)]
    cosine = np.sum(start * end, 1, keepdims=True) / (lengths[0] * lengths[1])
    angle = np.arccos(np.clip(cosine, -1, 1))[:, None]
    t = np.asarray(shares, np.float64)[None, :, None]
    small = np.sin(angle) < 1e-6  # the same or opposite directions have no circle between them
    sine = np.where(small, 1, np.sin(angle))
    weights = [np.where(small, w, np.sin(w * angle) / sine) for w in (1 - t, t)]
    path = weights[0] * (start / lengths[0])[:, None] + weights[1] * (end / lengths[1])[:, None]
    length = (1 - t) * lengths[0][:, None] + t * lengths[1][:, None]
    return (path * length).astype(np.float32)


def _write_npz(out, items, points, labels):
    arrays = {} if labels is None else {"labels": labels}
    with writing.replacing(out) as file:
        if points:
            np.savez_compressed(file, points=items)
        else:
            np.savez_compressed(file, images=items[:, 0] if items.shape[1] == 1 else items.transpose(0, 2, 3, 1), **arrays)


def write_training(folder: str | Path, out: str | Path) -> None:
    """A film of a run's saved grids, in the order of their steps, which stays on the last; `out` ends in one of FILMS. Raises
    UserError."""
    paths = grids.list_grids(folder)
    if not paths:
        raise UserError(f"{folder} has no grids in samples/")
    if len(paths) < 2:
        raise UserError(f"{folder} has one grid in samples/, as published weights do: no film; --interpolate makes one")
    write_film([grids.captioned(grids.picture(path), f"step {step:,}") for step, path in paths.items()], out, MILLISECONDS, HELD)


def write_interpolation(items: np.ndarray, native_size: int | None, out: str | Path) -> None:
    """A film in which each row of an interpolation is one picture that goes from its first item to its last and back.

    items: rows×steps×C×H×W in [−1, 1], or points rows×steps×2. native_size: of data.Dataset. Raises UserError.
    """
    path = [*items.swapaxes(0, 1), *items.swapaxes(0, 1)[-2:0:-1]]
    if items.ndim == 3:
        pictures = [grids.scatter(points, frame=items) for points in path]
    else:
        pictures = [grids.grid(crop_to(to_uint8(images), native_size), min(8, len(images)), 4) for images in path]
    write_film(pictures, out, INTERPOLATION_MILLISECONDS)


def write_film(pictures: list[np.ndarray], out: str | Path, milliseconds: int, held: int = 1) -> None:
    """Pictures, uint8 H×W×3 of one even size, one after another; held: times `milliseconds` of the last. Raises UserError."""
    if Path(out).suffix.lower() == ".gif":
        frames = [Image.fromarray(picture).quantize(128) for picture in pictures]
        times = [milliseconds] * (len(frames) - 1) + [held * milliseconds]
        drawn = io.BytesIO()
        frames[0].save(drawn, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
        writing.write_bytes(out, drawn.getvalue())
        return
    import cv2

    pictures = [*pictures, *pictures[-1:] * (held - 1)]
    size = pictures[0].shape[1::-1]
    with writing.filling(Path(out).parent) as folder:
        path = str(folder / Path(out).name)
        films = (cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*codec), 1000 / milliseconds, size) for codec in CODECS)
        film = next((film for film in films if film.isOpened()), None)
        if film is None:
            raise UserError(f"--out {out}: this OpenCV cannot write MP4; take .gif")
        for picture in pictures:
            film.write(np.ascontiguousarray(picture[..., ::-1]))
        film.release()
        if cv2.VideoCapture(path).get(cv2.CAP_PROP_FRAME_COUNT) != len(pictures):  # OpenCV says nothing of a full disk
            raise WriteError(f"{out} cannot be written: the film is cut short")
