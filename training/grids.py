"""Pictures of samples: grids of images, clouds of points."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np

from errors import UserError
from storage import reading, writing

GAP = 2  # pixels between two images
CAPTION = 26  # pixels of a line of text
LARGEST, MOST_PIXELS = 256 << 20, 80_000_000  # bytes and pixels of a picture that is read: 64 images of 512×512


def path_of(folder: str | Path, step: int) -> Path:
    """samples/step-000500.png of a run's folder."""
    return Path(folder) / "samples" / f"step-{step:06d}.png"


def path_of_real(folder: str | Path) -> Path:
    """The grid of real items of a run's folder."""
    return Path(folder) / "samples" / "real.png"


def list_grids(folder: str | Path) -> dict[int, Path]:
    """{step: path} of the grids that a run has saved, ascending. A file of another name than path_of's is none."""
    paths = {path: path.stem.removeprefix("step-") for path in (Path(folder) / "samples").glob("step-*.png")}
    steps = sorted(int(name) for name in paths.values() if name.isascii() and name.isdecimal())
    return {step: path_of(folder, step) for step in steps if path_of(folder, step) in paths}


def grid(images: np.ndarray, columns: int = 8, scale: int = 2) -> np.ndarray:
    """uint8 N×C×H×W (C 1 or 3) → one uint8 picture H'×W'×3, RGB, `columns` images a row, each pixel `scale` pixels wide."""
    n, _, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows, columns, height + GAP, width + GAP, 3), 96, np.uint8)
    tiles = np.broadcast_to(images.transpose(0, 2, 3, 1), (n, height, width, 3))
    sheet.reshape(-1, height + GAP, width + GAP, 3)[:n, :height, :width] = tiles
    sheet = sheet.transpose(0, 2, 1, 3, 4).reshape(rows * (height + GAP), columns * (width + GAP), 3)
    sheet = np.pad(sheet[:-GAP, :-GAP], ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=96)
    return sheet.repeat(scale, 0).repeat(scale, 1)


def tiles(picture: np.ndarray, columns: int = 8) -> np.ndarray:
    """The square images of a grid that read_png returned, uint8 N×H×W×3; the last row's empty places are among them.

    Raises UserError if the picture is too small to be such a grid.
    """
    size = (picture.shape[1] - GAP) // columns - GAP
    if size < 1 or picture.shape[0] < size + 2 * GAP:
        raise UserError(f"a picture of {picture.shape[1]}×{picture.shape[0]} pixels is no grid of {columns} images a row")
    rows = [picture[top : top + size] for top in range(GAP, picture.shape[0] - size, size + GAP)]
    return np.stack([row[:, left : left + size] for row in rows for left in range(GAP, picture.shape[1] - size, size + GAP)])


def scatter(
    points: np.ndarray | None, real: np.ndarray | None = None, frame: np.ndarray | None = None, size: int = 480
) -> np.ndarray:
    """Generated points N×2 (blue) over real ones (grey) → uint8 size×size×3. `frame`, points N×2, all fit into it: by default the
    real ones, or else the generated."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size / 100, size / 100), dpi=100)
    axes = figure.add_axes((0.09, 0.07, 0.89, 0.91))
    frame = next(given for given in (frame, real, points) if given is not None)
    low, high = frame.min(), frame.max()
    margin = 0.15 * (high - low + 1e-9)
    if real is not None:
        x, y = real[:2000].T
        axes.scatter(x, y, s=3, color="0.6", linewidths=0, label="real")
    if points is not None:
        x, y = points.T
        axes.scatter(x, y, s=3, color="tab:blue", linewidths=0, alpha=0.7, label="generated")
    axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    axes.tick_params(labelsize=8)
    axes.legend(loc="upper right", fontsize=8, markerscale=3)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A picture, uint8 H×W×3, below a line of text. Both sides are even, as films want them."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), 15)
    height, width = picture.shape[:2]
    wide = max(width, int(font.getlength(text)) + 12)
    sheet = Image.new("RGB", (wide + wide % 2, height + height % 2 + CAPTION), "white")
    ImageDraw.Draw(sheet).text((6, CAPTION // 2), text, "black", font, "lm")
    sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (0, CAPTION))
    return np.asarray(sheet)


def png(picture: np.ndarray, compression: int = 3) -> bytes:
    """A uint8 picture, H×W×3 in RGB or H×W×1, as the content of a PNG file. compression: 0 to 9."""
    import cv2

    # by 3 a quarter of the default's bytes in the same milliseconds
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, compression])
    assert done
    return encoded.tobytes()


def save_png(path: str | Path, picture: np.ndarray) -> None:
    """Write `png` of a picture to `path`. Raises WriteError."""
    writing.write_bytes(path, png(picture))


def picture(path: str | Path) -> np.ndarray:
    """A PNG as uint8 H×W×3, RGB. Raises UserError."""
    import cv2

    raw, found = reading.read(path, LARGEST), None
    if raw[:8] == b"\x89PNG\r\n\x1a\n" and len(raw) > 24:
        width, height = struct.unpack(">II", raw[16:24])
        if width * height > MOST_PIXELS:
            raise UserError(f"{path} has {width}×{height} pixels; up to {MOST_PIXELS:,} are taken")
        with contextlib.suppress(cv2.error):
            found = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise UserError(f"{path} is not a PNG that can be read")
    return found[..., ::-1]


def read_png(path: str | Path) -> np.ndarray:
    """As picture; a grid whose every pixel is doubled comes back at half the size. Raises UserError."""
    found = picture(path)
    half = found[::2, ::2]
    return half if np.array_equal(half.repeat(2, 0).repeat(2, 1), found) else found


def shown(path: str | Path) -> np.ndarray | None:
    """As read_png, None for a picture that is gone or damaged: a report of many can do without one."""
    try:
        return read_png(path)
    except UserError:
        return None
